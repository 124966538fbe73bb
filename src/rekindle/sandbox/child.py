"""the sandbox as a child process, for the demo and for tests."""

import contextlib
import http.client
import json
import os
import selectors
import shutil
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self, cast
from urllib.parse import urlsplit

from rekindle.errors import SandboxError
from rekindle.sandbox.server import CREDENTIALS, LOG, PROJECT

_START_SECONDS = 30.0
_STOP_SECONDS = 10.0
_CALL_SECONDS = 60.0


class Sandbox:
    """A context manager: a sandbox serves on a free port of 127.0.0.1. At the end, its process has
    ended.

    The child process ends when this process does, even by kill -9, and removes its temporary
    folder. The methods block: call them
    from a thread if an event loop must not stop. Any number of threads may call them.

    Args:
        folder: the folder of its files. They stay, and a later Sandbox with the same folder
            continues with the same key, CA and log. None: a temporary folder, which is removed at
            the end.
        project: the project id of its service account.
        port: 0 takes any free one.

    Raises:
        SandboxError: on entering, if it could not start; from the methods, if its answer is not the
            expected one.
    """

    def __init__(self, folder: Path | None = None, *, project: str = PROJECT, port: int = 0) -> None:
        self.project = project
        self.url = ""
        self._port = port
        self._given = folder
        self._folder = folder or Path()
        self._temporary: Path | None = None
        self._stack = contextlib.ExitStack()
        self._process: subprocess.Popen[str] | None = None

    @property
    def credentials(self) -> Path:
        """The service-account file."""
        return self._folder / CREDENTIALS

    @property
    def ca(self) -> Path:
        """The CA certificate, PEM."""
        return self._folder / f"{CREDENTIALS}.ca.pem"

    @property
    def log(self) -> Path:
        """The append-only file of accepted messages, one JSON object per line."""
        return self._folder / LOG

    @property
    def pid(self) -> int | None:
        """The child's process id while it runs."""
        return None if self._process is None else self._process.pid

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            said = stack.enter_context(tempfile.TemporaryFile("w+"))
            self._process = self._start(said)
            stack.callback(self._stop)
            ready = self._wait_until_ready(self._process, said)
            self.url = ready["url"]
            if self._given is None:
                self._folder = self._temporary = Path(ready["folder"])
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def messages(self) -> list[dict[str, Any]]:
        """Every message accepted since the last `clear`, in order."""
        return cast("list[dict[str, Any]]", self._call("GET", "/_sandbox/messages"))

    def clear(self) -> None:
        """Empty `messages`; the log file keeps its lines."""
        self._call("DELETE", "/_sandbox/messages")

    def faults(self, faults: Sequence[Mapping[str, Any]]) -> None:
        """Replace all faults by these."""
        self._call("PUT", "/_sandbox/faults", list(faults))

    def requests(self) -> dict[str, int]:
        """The number of requests since the start, rejected ones included: token, send,
        validate."""
        return cast("dict[str, int]", self._call("GET", "/_sandbox/requests"))

    def _start(self, said: IO[str]) -> "subprocess.Popen[str]":
        command = [sys.executable, "-P", "-m", "rekindle.sandbox", "--until-stdin-closes"]
        command += ["--port", str(self._port), "--project", self.project]
        # Its temporary folder is the child's, which removes it also if this process is killed.
        if self._given is not None:
            command += ["--credentials", str(self._given / CREDENTIALS), "--log", str(self._given / LOG)]
        return subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
            start_new_session=True,  # Ctrl-C must reach only the parent, which may still need the messages
        )

    def _wait_until_ready(self, process: "subprocess.Popen[str]", said: IO[str]) -> dict[str, str]:
        """The child's first line: the URL, and the folder if it is a temporary one.

        Raises:
            SandboxError: it could not start; it has ended, or is about to.
        """
        output = cast("IO[str]", process.stdout)
        deadline = time.monotonic() + _START_SECONDS
        line = b""
        with selectors.DefaultSelector() as selector:
            selector.register(output, selectors.EVENT_READ)
            while not line.endswith(b"\n"):
                if not selector.select(max(0.0, deadline - time.monotonic())):
                    raise SandboxError(f"the sandbox was not ready within {_START_SECONDS:.0f} s")
                chunk = os.read(output.fileno(), 4096)
                if not chunk:
                    process.wait(_STOP_SECONDS)
                    said.seek(0)
                    last = (said.read().strip().splitlines() or ["it printed nothing"])[-1]
                    raise SandboxError(last)
                line += chunk
        said_first = json.loads(line)
        if "error" in said_first:
            raise SandboxError(said_first["error"], hint=said_first["hint"])
        return said_first

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if self._temporary is not None:
            shutil.rmtree(self._temporary, ignore_errors=True)  # for a child that was killed

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        address = urlsplit(self.url)
        trust = ssl.create_default_context(cafile=str(self.ca))
        connection = http.client.HTTPSConnection(
            address.hostname or "", address.port, timeout=_CALL_SECONDS, context=trust
        )
        try:
            connection.request(method, path, None if body is None else json.dumps(body))
            response = connection.getresponse()
            content = response.read()
        except (OSError, http.client.HTTPException) as error:
            raise SandboxError(f"the sandbox at {self.url} does not answer: {type(error).__name__}") from error
        finally:
            connection.close()
        if response.status >= 400:
            raise SandboxError(f"the sandbox rejected {method} {path}: {content.decode(errors='replace')}")
        return json.loads(content) if content else None
