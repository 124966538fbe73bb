"""Temporary folders that do not outlive their owners.

An owner keeps its folder locked while it lives, so a folder that can be locked has a dead owner.
Before a folder is made, those of its name whose owners are dead are removed: an owner that was
ended by kill -9 could not remove it.
"""

import fcntl
import os
import shutil
import stat
import tempfile
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self


class Scratch:
    """A new private folder, named `<name>.<random>`. It exists until `remove`, or until the next
    folder of that name is made after this process has ended.

    Any number of processes may make and remove folders at once: a folder is never removed while its
    owner lives. On a file system without locks (some network file systems) no folder is removed
    except by its owner.

    Args:
        name: which program the folder belongs to.
        place: the folder to make it in. None: the system's temporary folder.
    """

    def __init__(self, name: str, place: Path | None = None) -> None:
        place = Path(tempfile.gettempdir()) if place is None else place
        remove_orphans(name, place)
        while True:
            self.path = Path(tempfile.mkdtemp(prefix=f"{name}.", dir=place))
            self._lock = _locked(self.path, wait=True)
            if self.path.exists():
                return
            # Another process took it for an orphan before it was locked.
            if self._lock is not None:
                os.close(self._lock)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.remove()

    def remove(self) -> None:
        """Remove the folder and everything in it. May be called again."""
        shutil.rmtree(self.path, ignore_errors=True)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def remove_orphans(name: str, place: Path) -> None:
    """Remove the folders of this name and this account whose owners are dead."""
    for path in place.glob(f"{name}.*"):
        with suppress(OSError):
            status = path.lstat()
            if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
                continue
            lock = _locked(path, wait=False)
            if lock is not None:
                shutil.rmtree(path, ignore_errors=True)
                os.close(lock)


def _locked(path: Path, *, wait: bool) -> int | None:
    """A descriptor that keeps the folder locked. None if it is locked already or cannot be."""
    try:
        folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        fcntl.flock(folder, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(folder)
        return None
    return folder
