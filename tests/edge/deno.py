"""An Edge Function as a real process: Deno serves it on a port of 127.0.0.1, with the rights
that Supabase gives it."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import sysconfig
import threading
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Self, cast

from team.waiting import WAIT_SECONDS

ROOT = Path(__file__).parent.parent.parent
FUNCTIONS = ROOT / "examples" / "supabase" / "functions"
DENO = Path(sysconfig.get_path("scripts")) / "deno"
_READY = "Listening on "


def deno_environment() -> dict[str, str]:
    """The environment of every Deno process: nothing from this process, and a cache inside the
    venv."""
    return {
        "PATH": os.environ["PATH"],
        "DENO_DIR": str(Path(sys.prefix) / ".deno"),
        "DENO_NO_UPDATE_CHECK": "1",
        "NO_COLOR": "1",
    }


class Function:
    """A context in which a function of examples/supabase/functions serves; its process ends with
    the context.

    It may open connections and read its environment, and nothing else: no file, no module from the
    network. The process ends by itself when this one does, even by kill -9, where the system is
    Linux.

    Args:
        name: the function's folder.
        environment: its variables; nothing else of this process's environment gets in.
        ca: a further root certificate that its `fetch` trusts, PEM.
        port: 0 takes any free one.
    """

    def __init__(self, name: str, environment: Mapping[str, str], *, ca: Path | None = None, port: int = 0) -> None:
        self.name = name
        self.environment = dict(environment)
        self.url = ""
        self._ca = ca
        self._port = port
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None
        self._lines: list[str] = []
        self._ready = threading.Event()

    @property
    def process(self) -> "subprocess.Popen[str]":
        """The running process; to be killed or stopped by its `pid`."""
        if self._process is None:
            raise RuntimeError(f"{self.name} is not running")
        return self._process

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self.url.rpartition(":")[2])

    def said(self) -> str:
        """Everything that it has written to stdout and stderr so far."""
        return "".join(self._lines)

    def kill(self) -> None:
        """Kill it at once, as if its machine failed."""
        self.process.kill()
        self.process.wait()

    def again(self) -> None:
        """After `kill`, start another process at the same address."""
        self._port, self.url = self.port, ""
        self.__exit__(None, None, None)
        self._ready = threading.Event()
        self.__enter__()

    def __enter__(self) -> Self:
        variables = {**deno_environment(), "DENO_SERVE_ADDRESS": f"tcp:127.0.0.1:{self._port}", **self.environment}
        if self._ca is not None:
            variables["DENO_CERT"] = str(self._ca)
        self._process = subprocess.Popen(
            [
                *_end_with_parent(),
                str(DENO),
                "run",
                "--no-prompt",
                "--no-remote",
                "--no-npm",
                "--allow-net",
                "--allow-env",
                "index.ts",
            ],
            cwd=FUNCTIONS / self.name,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, args=(self._process.stdout,), daemon=True)
        self._reader.start()
        if not self._ready.wait(WAIT_SECONDS) or not self.url:
            self.__exit__(None, None, None)
            raise RuntimeError(f"{self.name} did not start: {self.said()}")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(signal.SIGCONT)  # one that a test has stopped would not end
        process.terminate()
        try:
            process.wait(WAIT_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if self._reader is not None:
            self._reader.join(WAIT_SECONDS)
        cast("IO[str]", process.stdout).close()

    def _read(self, output: IO[str]) -> None:
        for line in output:
            self._lines.append(line)
            if not self.url and _READY in line:
                self.url = line.partition(_READY)[2].split()[0].rstrip("/")
                self._ready.set()
        self._ready.set()


@contextlib.asynccontextmanager
async def started(function: Function) -> AsyncIterator[Function]:
    """The same for an event loop, which keeps running meanwhile."""
    await asyncio.to_thread(function.__enter__)
    try:
        yield function
    finally:
        await asyncio.to_thread(function.__exit__, None, None, None)


def _end_with_parent() -> list[str]:
    """A prefix for a command that makes it end with this process; a thread-safe `preexec_fn`."""
    if sys.platform != "linux":
        return []
    prctl = "import ctypes, os, sys; ctypes.CDLL(None).prctl(1, 9, 0, 0, 0); os.execv(sys.argv[1], sys.argv[1:])"
    return [sys.executable, "-I", "-S", "-c", prctl]  # 1 is PR_SET_PDEATHSIG, and outlives execv
