"""Commands in the process of the tests, for tests that need many: a child process costs half a
second."""

import logging
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from psycopg import pq

from acceptance.command import environment
from rekindle.cli.invoke import invoke
from rekindle.cli.options import INVOCATION
from rekindle.sandbox import Sandbox
from rekindle.signals import ENDING
from team.environments import environments
from team.team import TEAM_CONFIG, write_config

OURS = {name: kind for kind in environments() for name in kind.variables()}
"""Every environment variable that the product reads, and the class that reads it."""

LIBPQ = sorted({one.envvar.decode() for one in pq.Conninfo.get_defaults() if one.envvar})
"""Every environment variable that libpq reads."""


@pytest.fixture
def process_as_before(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """An empty folder and none of these variables. Afterwards the process's loggers, hooks and
    signals are those from before."""
    handlers = {number: signal.getsignal(number) for number in ENDING}
    loggers = {name: logging.getLogger(name) for name in ("rekindle", "psycopg")}
    before = {name: (one.level, one.handlers[:]) for name, one in loggers.items()}
    hooks = logging.lastResort, threading.excepthook, sys.unraisablehook, INVOCATION.debug
    monkeypatch.chdir(tmp_path)
    for name in (*OURS, *LIBPQ):
        monkeypatch.delenv(name, raising=False)
    yield
    logging.lastResort, threading.excepthook, sys.unraisablehook, INVOCATION.debug = hooks
    for number, handler in handlers.items():
        signal.signal(number, handler)
    for name, one in loggers.items():
        one.setLevel(before[name][0])
        one.handlers = before[name][1]


@pytest.fixture
def within(
    process_as_before: None,
    monkeypatch: pytest.MonkeyPatch,
    team_worker_url: str,
    fcm: Sandbox,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> Callable[..., str]:
    """Runs a command on the team's database and the sandbox, and returns what it writes to standard
    output and standard error."""
    write_config(tmp_path, TEAM_CONFIG)
    for name, value in environment(team_worker_url, fcm).items():
        monkeypatch.setenv(name, str(value))

    def run(*arguments: object) -> str:
        monkeypatch.setattr(sys, "argv", ["rekindle", *map(str, arguments)])
        invoke()
        out, err = capfd.readouterr()
        return out + err

    return run
