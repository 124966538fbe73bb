"""The folder of one server: its data, its password, its log, and the lock that makes it one
server's only."""

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

FREE_WITHIN = 5.0  # seconds; a server that lost its parent needs 0.02, at the worst 5 before it kills its own children

# Names that start with a dot (.gitignore, .DS_Store) are not counted as anybody's.
_OURS = frozenset({"data", "data.new", "password", "server.log"})


class ServerFolder:
    """A folder that is ours: it exists, and nothing else than this server's files was found in it.

    Args:
        path: where it is. It is made, private, if it does not exist.
        account: whom the server runs as; it may pass through the folder then, and owns the data.
            None: ourselves.

    Raises:
        PostgresNotStarted: something else is in it. Nothing was changed then.
    """

    def __init__(self, path: Path, account: Account | None) -> None:
        self.path = path.absolute()
        self.data = self.path / "data"
        self._password = self.path / "password"
        self._account = account
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        entries = {entry.name for entry in self.path.iterdir() if not entry.name.startswith(".")}
        if not self.has_data and not entries <= _OURS:
            raise PostgresNotStarted(f"{self.path} holds other files", hint="Give Postgres an empty folder.")
        # The folder stays ours: whoever else runs under that account cannot put a link where we
        # write as root.
        mode = stat.S_IMODE(self.path.stat().st_mode)
        if account is not None and not mode & stat.S_IXOTH:
            self.path.chmod(mode | stat.S_IXOTH)

    @property
    def has_data(self) -> bool:
        """Whether a complete data folder is there: it gets its name only once initdb is done."""
        return (self.data / "PG_VERSION").is_file()

    @property
    def major(self) -> int:
        """The major version of the Postgres that made the data."""
        return int((self.data / "PG_VERSION").read_text(encoding="ascii"))

    def lock(self) -> int:
        """An open descriptor of the folder under an exclusive lock, which lasts until its last copy
        is closed.

        The server gets a copy, so that the lock is free only when the last of its processes has
        ended, whether or not we are still there.

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
                        f"Another Postgres is running on {self.path}", hint="Stop it, or use another folder."
                    ) from None
                time.sleep(0.01)
            else:
                return folder

    def name_for_server(self, lock: int) -> str:
        """The path under which the server's account reaches the folder.

        An account without privileges cannot pass through a private parent (/root, or pytest's
        folder for root). It can, through the open descriptor that it inherits, and nobody's modes
        have to be changed for that.

        Raises:
            PostgresNotStarted: the account cannot reach it in either way.
        """
        if self._account is None or self._account.may(self.path, os.X_OK):
            return str(self.path)
        if sys.platform == "linux" and Path("/proc/self/fd").is_dir():
            return f"/proc/self/fd/{lock}"
        raise PostgresNotStarted(
            f"The account that Postgres runs as cannot reach {self.path}",
            hint="Use a folder outside of private ones, or run as a plain user.",
        )

    def prepare(self) -> None:
        """There is an empty folder for initdb, and a new random password in a file; both are the
        server account's."""
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
            PostgresNotStarted: its file is gone or empty.
        """
        with suppress(OSError):
            if password := self._password.read_text(encoding="ascii").strip():
                return password
        raise PostgresNotStarted(f"{self._password} is missing", hint="Put the file back, or use another folder.")

    def clear_leftovers(self) -> None:
        """What a killed initdb or server left is gone. The lock must be held: it proves that
        they have ended."""
        shutil.rmtree(self.path / "data.new", ignore_errors=True)
        # Its process id may be another process's by now, above all in a container, and Postgres
        # would refuse to start.
        (self.data / "postmaster.pid").unlink(missing_ok=True)

    def adopt_new_data(self, lock: int) -> None:
        """What initdb made is the data folder from now on, after a power cut too."""
        (self.path / "data.new").rename(self.data)
        os.fsync(lock)

    def is_ready(self, pid: int) -> bool:
        """Whether the server of this process id accepts connections. A stale file says "ready"
        of another one."""
        try:
            lines = (self.data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return False
        return len(lines) >= 8 and lines[0].strip() == str(pid) and lines[7].strip() == "ready"

    def open_log(self) -> BinaryIO:
        """The end of the server's log, for writing; only we can read it."""
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW
        return open(os.open(self.path / "server.log", flags, 0o600), "ab")  # noqa: PTH123 - the caller closes it

    def log_since(self, offset: int) -> str:
        """What the server logged after its first `offset` bytes."""
        with (self.path / "server.log").open("rb") as log:
            log.seek(offset)
            return log.read().decode("utf-8", "replace")
