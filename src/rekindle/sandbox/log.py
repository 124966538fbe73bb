"""The accepted messages: in memory, and in an append-only file if one is given."""

import fcntl
import json
import os
import stat
from datetime import UTC, datetime
from pathlib import Path

from rekindle.errors import SandboxError
from rekindle.sandbox.message import Request

_ENTRY = b'{"seq":'
_CLEARED = b'{"cleared_at":'


class MessageLog:
    """The accepted messages in order, numbered from 1 without gaps, each as one line of JSON.

    Only one process at a time can use the file: it is locked. Each line is handed to the operating
    system before `accept` returns, so it survives a crash of the sandbox, but not of the machine.

    Raises:
        SandboxError: the file is not a log, is locked by another sandbox, or cannot be written.
    """

    def __init__(self, path: Path | None, project: str) -> None:
        self._project = project
        self._lines: list[bytes] = []
        self._seq = 0
        self._file = -1
        self._end = 0
        self._run = os.urandom(4).hex()
        if path is not None:
            try:
                self._open(path)
            except OSError as error:
                self.close()
                raise SandboxError(
                    f"the sandbox cannot write its log at {path}: {error.strerror or error}",
                    hint="Name a file in a folder that exists and that you may write to.",
                ) from error

    def accept(self, request: Request) -> str:
        """Append the message. Returns its name, in FCM's form.

        Raises:
            OSError: it could not be written, and is not in the log.
        """
        seq = self._seq + 1
        now = datetime.now(UTC)
        name = f"projects/{self._project}/messages/0:{int(now.timestamp() * 1e6)}%{self._run}{seq:08x}"
        entry = {
            "seq": seq,
            "accepted_at": now.isoformat(),
            "project": self._project,
            "target_kind": request.target_kind,
            "target": request.target,
            "message": request.message,
            "name": name,
        }
        line = json.dumps(entry, separators=(",", ":")).encode()
        self._append(line)
        self._seq = seq
        self._lines.append(line)
        return name

    def listing(self) -> bytes:
        """Every message since the last `clear`, as one JSON array."""
        return b"[" + b",".join(self._lines) + b"]"

    def clear(self) -> None:
        """Empty the listing. Numbers continue, and the file keeps its lines and gets a mark."""
        self._append(json.dumps({"cleared_at": datetime.now(UTC).isoformat()}, separators=(",", ":")).encode())
        self._lines = []

    def close(self) -> None:
        """Release the file for the next sandbox."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _append(self, line: bytes) -> None:
        if self._file < 0:
            return
        whole = line + b"\n"
        try:
            written = os.write(self._file, whole)
            if written != len(whole):
                raise OSError(f"only {written} of {len(whole)} bytes were written")
        except OSError:
            os.ftruncate(self._file, self._end)
            raise
        self._end += len(whole)

    def _open(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        if not stat.S_ISREG(os.fstat(self._file).st_mode):  # a device or a pipe cannot be read back
            self.close()
            raise SandboxError(f"the log at {path} is not a regular file", hint="Name a file.")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.close()
            raise SandboxError(
                f"another sandbox writes to the log at {path}", hint="Stop it, or name another file."
            ) from None
        content = path.read_bytes()
        # A line without its end was never answered with 200, so it is not part of the log.
        self._end = content.rfind(b"\n") + 1
        for line in content[: self._end].splitlines():
            if line.startswith(_CLEARED):
                self._lines = []
            elif line.startswith(_ENTRY):
                self._lines.append(line)
                self._seq = int(line[len(_ENTRY) : line.index(b",")])
            else:
                self.close()
                raise SandboxError(f"{path} is not the log of a sandbox", hint="Name another file.")
        if content[self._end :].startswith((_ENTRY, _CLEARED)) or self._end == len(content):
            os.ftruncate(self._file, self._end)
        else:
            self.close()
            raise SandboxError(f"{path} is not the log of a sandbox", hint="Name another file.")
