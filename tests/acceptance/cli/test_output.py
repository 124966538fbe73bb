"""Output never changes a result: what cannot be written is dropped, and the exit code stays."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from acceptance.command import Command
from rekindle.cli.invoke import invoke
from rekindle.cli.streams import Sink, lossy
from rekindle.sandbox import Sandbox
from team.team import Team, person

PERSON = str(person(1))
COMMANDS: dict[str, int] = {
    "--help": 0,
    "--version": 0,
    "nonsense": 2,
    "run --scenario ø": 2,
    "run --json": 0,
    "run": 0,
    "run --dry-run": 0,
    "--log-level debug run": 0,
    "status": 0,
    "status --json": 0,
    "tick": 0,
    "plan": 0,
    "plan --json": 0,
    "plan --changes --json": 0,
    f"plan --show {PERSON}": 0,
    f"explain {PERSON} --all": 0,
    "runs": 0,
    "scenarios": 0,
    "scenarios --history": 0,
    "apply --dry-run": 0,
    "apply": 0,
    "check": 0,
    "check --json": 0,
    "sql claim --scenario nudge": 0,
    "unknown list": 0,
    f"unknown settle {PERSON} --not-sent": 2,
    "switch off --reason ø": 0,
    "switch list": 0,
    "switch on": 0,
    "init": 2,
    "init folder": 0,
    "migrate --into folder": 0,
}
"""Commands and their exit codes, in an order in which each of them has something to say."""


@pytest.fixture
def called(rekindle: Command, process_as_before: None, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], int]:
    """Calls the command line in this process; returns the exit code."""
    for name, value in rekindle.environment.items():
        monkeypatch.setenv(name, value)

    def call(arguments: str) -> int:
        monkeypatch.setattr(sys, "argv", ["rekindle", *arguments.split()])
        return invoke()

    return call


def test_streams_that_cannot_be_written_change_no_exit_code(
    called: Callable[[str], int], rekindle: Command, team: Team, fcm: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    team.people(3)
    (rekindle.folder / "folder").mkdir()
    reader, unread = os.pipe()
    os.close(reader)
    out, err = Sink(os.open("/dev/full", os.O_WRONLY)), Sink(unread)
    monkeypatch.setattr(sys, "stdout", lossy(out, None, errors="replace", by_line=False))
    monkeypatch.setattr(sys, "stderr", lossy(err, None, errors="replace", by_line=True))
    codes: dict[str, int] = {}
    for arguments in COMMANDS:
        out.failed = None
        codes[arguments] = called(arguments)
        sys.stdout.flush()
        assert (out.failed is not None) == (COMMANDS[arguments] == 0), arguments
    assert codes == COMMANDS
    assert err.failed is not None
    assert len(fcm.messages()) == 3


def test_letters_without_bytes_are_replaced_in_text_and_escaped_in_json(
    called: Callable[[str], int], rekindle: Command, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    team.people(1)
    team.execute("update team.wanted set occurrence = 'før 🚲'")
    shown: list[str] = []
    for arguments in (f"plan --show {PERSON}", "plan --json"):
        with (rekindle.folder / "shown").open("w+b") as file:
            like: Any = SimpleNamespace(encoding="latin-1")
            text = lossy(Sink(file.fileno()), like, errors="replace", by_line=False)
            monkeypatch.setattr(sys, "stdout", text)
            assert called(arguments) == 0
            text.flush()
            shown.append((rekindle.folder / "shown").read_text("latin-1"))
    assert "because of før ?" in shown[0]
    assert json.loads(shown[1])["people"][0]["occurrence"] == "før 🚲"


@pytest.mark.parametrize("redirection", [">&- 2>&- <&-", "2>/dev/full | head -0"])
def test_a_run_whose_output_is_lost_sends_and_ends_as_any_other(
    rekindle: Command, team: Team, fcm: Sandbox, redirection: str
) -> None:
    team.people(2)
    script = f"set -o pipefail; {sys.executable} -m rekindle run --json {redirection}"
    done = subprocess.run(
        ["bash", "-c", script], cwd=rekindle.folder, env=rekindle.environment, capture_output=True, timeout=60
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert len(fcm.messages()) == 2
    assert team.rows("select status from rekindle.run") == [("done",)]


def test_an_incomplete_output_is_named_on_standard_error(tmp_path: Path) -> None:
    script = f"{sys.executable} -m rekindle --help > /dev/full"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0
    assert done.stderr.startswith("warning: RK604: standard output could not be written completely: No space left")
    assert done.stderr.count("\n") == 1
