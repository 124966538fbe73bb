"""A copy of the source with one file changed, and pytest run against it."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from mutants.catalogue import ROOT

SECONDS = 600
"""A change may make a test hang. pytest's time-out ends a test, and this limit ends pytest."""


@contextmanager
def copied(file: Path | str = "", text: str = "") -> Iterator[tuple[Path, Mapping[str, str]]]:
    """A folder with the source, in which `text` replaces `file`, and the environment that
    imports it."""
    with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
        source = Path(folder, "src")
        shutil.copytree(ROOT / "src", source, ignore=shutil.ignore_patterns("__pycache__"))
        if file:
            (source / "rekindle" / file).write_text(text, encoding="utf-8")
        environment = os.environ | {
            "PYTHONPATH": os.pathsep.join([str(source), str(ROOT / "tests")]),
            "PYTHONDONTWRITEBYTECODE": "1",
            "MUTANTS_SOURCE": str(source),
        }
        yield Path(folder), environment


def run_on_copy(file: Path, text: str, tests: Sequence[str]) -> bool:
    """Whether every one of the test files passes on the embedded server with the changed file."""
    with copied(file, text) as (_, environment):
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests]
        try:
            done = subprocess.run(
                command,
                cwd=ROOT,
                env=environment | {"TEST_SERVERS": "embedded"},
                capture_output=True,
                timeout=SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return False
    return done.returncode == 0
