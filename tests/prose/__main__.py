"""`python -m prose`: every line of prose over 100 columns and every word that must not come back.

The exit code is 1 if there are any. `--count` prints how many there are per folder, and never fails.
"""

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from prose.texts import COLUMNS, Line, lines
from prose.words import WORDS


def faults(line: Line) -> Iterator[str]:
    """What is wrong with a line, each with the replacement and the reason."""
    if line.width > COLUMNS:
        yield f"{line.width} columns; wrap prose and comments at {COLUMNS}"
    for word in WORDS:
        for found in word.found(line.text):
            yield f"“{found[0].strip()}”: write {word.instead} ({word.why})"


def main() -> int:
    """Check everything; the exit code."""
    found = [(line, fault) for line in lines() for fault in faults(line)]
    if "--count" in sys.argv:
        folders = Counter("/".join(Path(line.path).parts[:3]) for line, _ in found)
        for folder, count in folders.most_common():
            sys.stdout.write(f"{count:>5}  {folder}\n")
        return 0
    for line, fault in found:
        sys.stdout.write(f"{line.path}:{line.number}: {fault}\n")
    if found:
        sys.stdout.write(f"{len(found)} places. How we write: CONTRIBUTING.md, “Words”.\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
