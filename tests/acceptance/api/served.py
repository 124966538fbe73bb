"""`rekindle serve` as a real process, and a client that speaks to it."""

import os
import selectors
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from acceptance.command import Command, Done, ended
from team.waiting import WAIT_SECONDS

KEY = "k3y-of-the-tests-0123456789abcdef0123"


class Served:
    """A server of the API that is running."""

    def __init__(self, process: "subprocess.Popen[str]", url: str) -> None:
        self.process = process
        self.url = url
        self._lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.client = httpx.Client(base_url=url, headers={"apikey": KEY}, timeout=60, trust_env=False)

    @property
    def place(self) -> tuple[str, int]:
        """Its host and its port."""
        host, _, port = self.url.removeprefix("http://").rpartition(":")
        return host, int(port)

    def post(self, body: Any = None, *, key: str | None = None, wait: int | None = None, **more: Any) -> httpx.Response:
        """Ask for a run."""
        headers = dict(more.pop("headers", {}))
        if key is not None:
            headers["idempotency-key"] = key
        if wait is not None:
            headers["prefer"] = f"wait={wait}"
        return self.client.post("/v1/runs", json={} if body is None else body, headers=headers, **more)

    def run(self, run_id: str, *, wait: int = 0) -> dict[str, Any]:
        """The run's state, once it has ended or after `wait` seconds."""
        answer = self.client.get(f"/v1/runs/{run_id}", headers={"prefer": f"wait={wait}"})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def said(self) -> str:
        """Everything that the server has logged so far."""
        return "".join(self._lines)

    def stop(self, number: int = signal.SIGTERM) -> Done:
        """Send a signal and wait for the server to end; kill it if it does not end in time."""
        self.process.send_signal(number)
        try:
            code = self.process.wait(WAIT_SECONDS)
        finally:
            self.process.kill()
            self._reader.join()
        return Done(code, "", self.said())

    def _read(self) -> None:
        # Read all the time: a process blocks once its pipe is full.
        assert self.process.stderr is not None
        self._lines.extend(self.process.stderr)


@contextmanager
def serving(
    command: Command, *arguments: object, before: tuple[object, ...] = (), unix_socket: Path | None = None
) -> Iterator[Served]:
    """A server on a free port, or on a Unix socket. It ends by SIGTERM unless the block has ended
    it."""
    place = ("--port", 0) if unix_socket is None else ("--unix-socket", unix_socket)
    process = command.start(*before, "serve", *place, *arguments)
    served = Served(process, _address(process))
    try:
        yield served
    finally:
        served.client.close()
        if process.poll() is None:
            served.stop()
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()


def _address(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    until = time.monotonic() + WAIT_SECONDS
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        line = b""
        while not line.endswith(b"\n"):
            ready = selector.select(max(0.0, until - time.monotonic()))
            chunk = os.read(process.stdout.fileno(), 4096) if ready else b""
            if not chunk:
                process.kill()
                raise AssertionError(ended(process))
            line += chunk
            if line.endswith(b"\n") and line.startswith(b"Metrics on "):
                line = b""
    return line.decode().removeprefix("Serving on ").partition(";")[0]


def sends_slowly(seconds: float = 1.5) -> list[dict[str, Any]]:
    """Faults of the sandbox that delay every send."""
    return [{"match": {"path": "send"}, "respond": {"delay_ms": int(seconds * 1000)}}]
