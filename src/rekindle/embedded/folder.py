"""The folder of one server: its data, its password, its log, and a lock that excludes other
servers."""

import fcntl
import os
import secrets
import shutil
import stat
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from rekindle.embedded.account import Account
from rekindle.errors import PostgresNotStarted

FREE_WITHIN = 5.0  # seconds; a server that lost its parent needs 0.02, at most 5 before it kills its children

# Files whose names start with a dot (.gitignore, .DS_Store) are ignored.
_OURS = frozenset({"data", "data.new", "password", "server.log"})


class ServerFolder:
    """An existing folder that contains only this server's files.

    Args:
        path: the folder. If it does not exist, it is created as private.
        account: the account that the server runs as. It may enter the folder, and owns the data.
            None: the present account.

    Raises:
        PostgresNotStarted: it contains other files. Nothing was changed.
    """

    def __init__(self, path: Path, account: Account | None) -> None:
        self.path = path.absolute()
        self.data = self.path / "data"
        self._password = self.path / "password"
        self._account = account
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        entries = {entry.name for entry in self.path.iterdir() if not entry.name.startswith(".")}
        if not self.has_data and not entries <= _OURS:
            raise PostgresNotStarted(f"{self.path} contains other files", hint="Give Postgres an empty folder.")
        # We stay the owner of the folder, so other processes of that account cannot put a link
        # where we write as root.
        mode = stat.S_IMODE(self.path.stat().st_mode)
        if account is not None and not mode & stat.S_IXOTH:
            self.path.chmod(mode | stat.S_IXOTH)

    @property
    def has_data(self) -> bool:
        """Whether there is a complete data folder. It gets its name only after initdb has
        finished."""
        return (self.data / "PG_VERSION").is_file()

    @property
    def major(self) -> int:
        """The major version of the Postgres that created the data."""
        return int((self.data / "PG_VERSION").read_text(encoding="ascii"))

    def lock(self) -> int:
        """Lock the folder exclusively. Returns a descriptor; the lock lasts until the last copy of
        it is closed.

        The server gets a copy, so the lock is released only when the last of its processes has
        ended, even if this process ends first.

        Raises:
            PostgresNotStarted: another server keeps it locked for longer than `FREE_WITHIN`.
        """
        folder = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        deadline = time.monotonic() + FREE_WITHIN
        while True:
            try:
                fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    os.close(folder)
                    raise PostgresNotStarted(
                        f"another Postgres is running on {self.path}", hint="Stop it, or use another folder."
                    ) from None
                time.sleep(0.01)
            else:
                return folder

    def name_for_server(self, lock: int) -> str:
        """The path under which the server's account reaches the folder.

        An account without privileges cannot enter a private parent (/root, or pytest's folder for
        root). It can use the open descriptor that it inherits, and no permissions have to change.

        Raises:
            PostgresNotStarted: the account cannot reach it in either way.
        """
        if self._account is None or self._account.may(self.path, os.X_OK):
            return str(self.path)
        if sys.platform == "linux" and Path("/proc/self/fd").is_dir():
            return f"/proc/self/fd/{lock}"
        raise PostgresNotStarted(
            f"the account that Postgres runs as cannot reach {self.path}",
            hint="Use a folder that is not inside a private one, or run as a plain user.",
        )

    def prepare(self) -> None:
        """Make an empty folder for initdb and a file with a new random password; the server's
        account owns both."""
        new = self.path / "data.new"
        new.mkdir(mode=0o700)
        self._password.unlink(missing_ok=True)
        file = os.open(self._password, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(file, "w", encoding="ascii") as password:  # noqa: PTH123 - of a descriptor
            password.write(secrets.token_urlsafe(24))
            password.flush()
            os.fsync(file)
        if self._account is not None:
            os.chown(self._password, self._account.uid, self._account.gid)
            os.chown(new, self._account.uid, self._account.gid)

    def password(self) -> str:
        """The password of the superuser.

        Raises:
            PostgresNotStarted: its file is missing or empty.
        """
        with suppress(OSError):
            if password := self._password.read_text(encoding="ascii").strip():
                return password
        raise PostgresNotStarted(f"{self._password} is missing", hint="Put the file back, or use another folder.")

    def clear_leftovers(self) -> None:
        """Remove the files that a killed initdb or server left. The caller must hold the lock,
        which proves that they have ended."""
        shutil.rmtree(self.path / "data.new", ignore_errors=True)
        # Another process may have its process id now, above all in a container, and Postgres would
        # refuse to start.
        (self.data / "postmaster.pid").unlink(missing_ok=True)

    def adopt_new_data(self, lock: int) -> None:
        """Make initdb's result the data folder, durably: also after a power cut."""
        (self.path / "data.new").rename(self.data)
        os.fsync(lock)

    def is_ready(self, pid: int) -> bool:
        """Whether the server with this process id accepts connections. A stale file may say
        "ready" for another one."""
        try:
            lines = (self.data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return False
        return len(lines) >= 8 and lines[0].strip() == str(pid) and lines[7].strip() == "ready"

    def open_log(self) -> BinaryIO:
        """Open the server's log for appending. Only the present account can read it."""
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW
        return open(os.open(self.path / "server.log", flags, 0o600), "ab")  # noqa: PTH123 - the caller closes it

    def log_since(self, offset: int) -> str:
        """The server's log after its first `offset` bytes."""
        with (self.path / "server.log").open("rb") as log:
            log.seek(offset)
            return log.read().decode("utf-8", "replace")
