"""How a process ends by a signal, from the first moment on."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from rekindle import signals
from team.waiting import WAIT_SECONDS

# The command line, with a signal that arrives while its packages are imported.
_STRUCK = """
import os, signal, sys
{before}
class Strike:
    def find_spec(self, name, *_):
        if name == "rekindle.cli.commands":
            os.kill(os.getpid(), signal.{name})
sys.meta_path.insert(0, Strike())
sys.argv = ["rekindle", "--version"]
from rekindle.cli import main
main()
"""
_IGNORED = "signal.signal(signal.SIGINT, signal.SIG_IGN)"


@pytest.mark.parametrize(
    ("before", "name", "code"),
    [("", "SIGINT", -signal.SIGINT), ("", "SIGTERM", -signal.SIGTERM), (_IGNORED, "SIGINT", 0)],
    ids=["SIGINT", "SIGTERM", "SIGINT in the background"],
)
def test_a_signal_during_the_imports_ends_a_command_without_a_traceback(before: str, name: str, code: int) -> None:
    program = _STRUCK.format(before=before, name=name)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (code, "")


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """The handlers of the tests' process as they were."""
    before = {number: signal.getsignal(number) for number in signals.ENDING}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", signals.ENDING, ids=lambda number: number.name)
async def test_a_signal_ends_the_work_in_order_and_a_repetition_of_it_changes_nothing(number: signal.Signals) -> None:
    stop = asyncio.Event()
    signals.end_in_order(stop)
    signal.raise_signal(number)
    signal.raise_signal(number)
    async with asyncio.timeout(WAIT_SECONDS):
        await stop.wait()


async def test_a_second_signal_ends_the_process_at_once_but_for_a_terminal_that_closes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    killed: list[int] = []
    monkeypatch.setattr(signals, "os", SimpleNamespace(getpid=lambda: 1, kill=lambda _, number: killed.append(number)))
    monkeypatch.setattr(signals, "REPEATED_SECONDS", -1.0)
    signals.end_in_order(asyncio.Event())
    for number in (signal.SIGHUP, signal.SIGHUP, signal.SIGTERM, signal.SIGINT, signal.SIGINT):
        signal.raise_signal(number)
    assert killed == [signal.SIGINT]
    assert signal.getsignal(signal.SIGINT) is signal.SIG_DFL


async def test_a_signal_that_the_parent_had_ignored_stays_ignored() -> None:
    stop = asyncio.Event()
    for number in signals.ENDING:
        signal.signal(number, signal.SIG_IGN)
    signals.end_at_once()
    signals.end_in_order(stop)
    assert {signal.getsignal(number) for number in signals.ENDING} == {signal.SIG_IGN}


def test_a_signal_after_the_work_has_ended_changes_nothing() -> None:
    async def work() -> None:
        signals.end_in_order(asyncio.Event())

    asyncio.run(work())
    signal.raise_signal(signal.SIGINT)
