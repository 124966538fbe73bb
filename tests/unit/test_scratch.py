"""Temporary folders are removed by their owners, or by the next one once their owner is dead."""

import subprocess
import sys
import threading
from pathlib import Path

from rekindle.scratch import Scratch

_KILLED = """
import os, sys
from pathlib import Path
from rekindle.scratch import Scratch
scratch = Scratch("mine", Path(sys.argv[1]))
(scratch.path / "key").write_text("secret")
os.kill(os.getpid(), 9)
"""


def test_the_folder_of_a_killed_owner_is_removed_by_the_next_and_no_other_folder(tmp_path: Path) -> None:
    (tmp_path / "mine-too").mkdir()
    (tmp_path / "mine.file").write_text("not a folder")
    (tmp_path / "mine.link").symlink_to(tmp_path / "mine-too")
    with Scratch("mine", tmp_path) as alive:
        subprocess.run([sys.executable, "-c", _KILLED, tmp_path], timeout=60)
        left = set(tmp_path.glob("mine.??*")) - {alive.path}
        assert len(left) == 3  # the killed owner's, the file and the link
        with Scratch("mine", tmp_path) as second, Scratch("other", tmp_path):
            assert {alive.path, second.path} <= set(tmp_path.iterdir())
            assert [path for path in left if path.exists()] == [
                path for path in left if path.name in ("mine.file", "mine.link")
            ]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine-too", "mine.file", "mine.link"]


def test_owners_that_start_and_end_at_once_never_lose_their_folders(tmp_path: Path) -> None:
    lost: list[Path] = []

    def live() -> None:
        for _ in range(50):
            with Scratch("busy", tmp_path) as scratch:
                (scratch.path / "file").touch()
                if not (scratch.path / "file").exists():
                    lost.append(scratch.path)

    threads = [threading.Thread(target=live) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert lost == []
    assert list(tmp_path.iterdir()) == []
