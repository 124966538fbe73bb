"""the account that Postgres runs as, because it refuses to run as root."""

import os
import pwd
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from rekindle.errors import PostgresNotStarted
from rekindle.scratch import Scratch

# `nobody` exists on every Linux and macOS and owns nothing. The account of an installed Postgres
# comes last, because it owns that server's data.
_NAMES = ("nobody", "daemon", "postgres")


@dataclass(frozen=True, slots=True)
class Account:
    """An account without privileges."""

    uid: int
    gid: int

    def may(self, path: Path, access: int = os.R_OK) -> bool:
        """Whether it has `access` (os.R_OK, os.X_OK) to `path`, by owner, group and permissions. If
        a link is on the way, it must reach the link and what the link leads to."""
        try:
            real = path.resolve(strict=True)
            above = {*real.parents, *path.absolute().parents}
            return self._allowed(real, access) and all(self._allowed(up, os.X_OK) for up in above)
        except OSError:
            return False

    def _allowed(self, path: Path, access: int) -> bool:
        status = path.stat()
        shift = 6 if status.st_uid == self.uid else 3 if status.st_gid == self.gid else 0
        return (status.st_mode >> shift) & access == access


def account_for(data: Path | None) -> Account | None:
    """The account to run Postgres as. None, the present account, unless that is root. For root: the
    owner of existing data, else `nobody`.

    Raises:
        PostgresNotStarted: the present account is root, and there is no other account.
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
        "Postgres does not run as root, and there is no account `nobody`", hint="Run as a plain user."
    )


def make_scratch(account: Account | None) -> Scratch:
    """Make an empty folder that the account of Postgres can enter and run programs from.

    Raises:
        PostgresNotStarted: no temporary folder allows that.
    """
    candidates = (tempfile.gettempdir(), "/tmp", "/var/tmp")  # noqa: S108 - Scratch makes a private folder there
    for candidate in candidates:
        place = Path(candidate)
        searchable = account is None or account.may(place, os.X_OK)
        if searchable and os.access(place, os.W_OK) and not _forbids_programs(place):
            scratch = Scratch("rekindle-postgres", place)
            if account is not None:
                scratch.path.chmod(0o711)
            return scratch
    raise PostgresNotStarted(
        "the account that Postgres runs as cannot reach any temporary folder", hint="Set TMPDIR to one that it can."
    )


def _forbids_programs(place: Path) -> bool:
    """Whether programs cannot be run from this folder, as on some hardened systems."""
    return sys.platform == "linux" and bool(os.statvfs(place).f_flag & os.ST_NOEXEC)
