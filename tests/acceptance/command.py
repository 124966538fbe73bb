"""The command line as its users run it: a child process with a separate environment."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rekindle import Engine
from rekindle.dispatchers.fcm.dispatcher import FcmDispatcher
from rekindle.sandbox import Sandbox
from rekindle.scenario import Config
from rekindle.settings import Settings
from team.prepared import PreparedPopen
from team.waiting import WAIT_SECONDS

_KEPT = ("PATH", "HOME", "TMPDIR", "LANG", "PYTHONPATH")
_READ_WHEN_RUN = ("REKINDLE_", "GOOGLE_", "SUPABASE_", "OTEL_")
"""Variables that no import reads, so that the process may be a prepared one."""


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        """What it printed with --json."""
        return json.loads(self.out)

    def fault(self) -> str:
        """The one line of a fault. Nothing else is on stderr, except a list of mistakes that may
        follow."""
        lines = self.err.splitlines()
        assert lines, self
        assert lines[0].startswith("error: RK"), self
        assert all(line.startswith("  - ") for line in lines[1:]), self
        assert "Traceback" not in self.err, self
        return lines[0]


class Command:
    """`rekindle` in a folder. Of the tests' environment it gets only what a process needs to run.
    Unless its variables matter to the start of Python, the process is a prepared one."""

    def __init__(self, folder: Path, environment: Mapping[str, object]) -> None:
        self.folder = folder
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        self.environment = kept | {name: str(value) for name, value in environment.items()}

    def having(self, **environment: object) -> "Command":
        """The same with these variables; None removes one."""
        merged = {**self.environment, **environment}
        return Command(self.folder, {name: value for name, value in merged.items() if value is not None})

    def start(self, *arguments: object) -> "subprocess.Popen[str]":
        """The command, running."""
        # With PYTHONPATH the product may be another than that of the prepared process: a mutant.
        unread = {*_KEPT} - {"PYTHONPATH"}
        prepared = all(name in unread or name.startswith(_READ_WHEN_RUN) for name in self.environment)
        begin: type[subprocess.Popen[str]] = PreparedPopen if prepared else subprocess.Popen
        return begin(
            [sys.executable, "-m", "rekindle", *map(str, arguments)],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __call__(self, *arguments: object, timeout: float = WAIT_SECONDS) -> Done:
        """The command, ended."""
        return ended(self.start(*arguments), timeout=timeout)


def ended(process: "subprocess.Popen[str]", *, timeout: float = WAIT_SECONDS) -> Done:
    """Wait for a started command to end; kill it if it does not end in time."""
    try:
        out, err = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise
    return Done(process.returncode, out, err)


def environment(url: str, fcm: Sandbox) -> dict[str, object]:
    """The variables that name a database and a sandbox."""
    return {
        "REKINDLE_DATABASE_URL": url,
        "REKINDLE_FCM_URL": fcm.url,
        "REKINDLE_FCM_CA": fcm.ca,
        "GOOGLE_APPLICATION_CREDENTIALS": fcm.credentials,
    }


def engine_over(url: str, fcm: Sandbox, config: Config) -> AbstractAsyncContextManager[Engine]:
    """An engine in this process over a database, sending to a sandbox."""
    dispatcher = FcmDispatcher(fcm.credentials, url=fcm.url, ca=fcm.ca)
    return Engine.open(Settings.model_validate({"REKINDLE_DATABASE_URL": url}), config, dispatcher=dispatcher)
