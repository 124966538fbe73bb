"""Whom Postgres runs as, since it refuses to run as root."""

import os
import pwd
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from rekindle.errors import PostgresNotStarted

# `nobody` is there on every Linux and macOS and owns nothing. The account of an installed Postgres
# comes last: it owns that server's data.
_NAMES = ("nobody", "daemon", "postgres")


@dataclass(frozen=True, slots=True)
class Account:
    """An account without privileges."""

    uid: int
    gid: int

    def may(self, path: Path, wanted: int = os.R_OK) -> bool:
        """Whether it can reach `path` and do `wanted` there (os.R_OK, os.X_OK), as far as owner,
        group and mode say."""
        try:
            real = path.resolve(strict=True)
            return self._allowed(real, wanted) and all(self._allowed(up, os.X_OK) for up in real.parents)
        except OSError:
            return False

    def _allowed(self, path: Path, wanted: int) -> bool:
        status = path.stat()
        shift = 6 if status.st_uid == self.uid else 3 if status.st_gid == self.gid else 0
        return (status.st_mode >> shift) & wanted == wanted


def account_for(data: Path | None) -> Account | None:
    """Whom to run Postgres as: None, ourselves, unless we are root; else the owner of existing
    data, else `nobody`.

    Raises:
        PostgresNotStarted: we are root and there is no other account.
    """
    if os.geteuid() != 0:
        return None
    if data is not None and data.exists() and (owner := data.stat()).st_uid != 0:
        return Account(owner.st_uid, owner.st_gid)
    for name in _NAMES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return Account(entry.pw_uid, entry.pw_gid)
    raise PostgresNotStarted(
        "Postgres does not run as root, and there is no account nobody", hint="Run as a plain user."
    )


def make_scratch(account: Account | None) -> Path:
    """A new empty folder of ours, where the account that Postgres runs as can pass through it and
    run programs.

    Raises:
        PostgresNotStarted: there is no such place.
    """
    candidates = (tempfile.gettempdir(), "/tmp", "/var/tmp")  # noqa: S108 - mkdtemp makes a private folder there
    for candidate in candidates:
        place = Path(candidate)
        searchable = account is None or account.may(place, os.X_OK)
        if searchable and os.access(place, os.W_OK) and not _forbids_programs(place):
            folder = Path(tempfile.mkdtemp(prefix="rekindle-postgres-", dir=place))
            if account is not None:
                folder.chmod(0o711)
            return folder
    raise PostgresNotStarted(
        "No temporary folder can be reached by the account that Postgres runs as", hint="Set TMPDIR to one."
    )


def _forbids_programs(place: Path) -> bool:
    """Whether programs cannot be run from there, as on some hardened systems."""
    return sys.platform == "linux" and bool(os.statvfs(place).f_flag & os.ST_NOEXEC)
