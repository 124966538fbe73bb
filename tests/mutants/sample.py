"""`python -m mutants.sample --seed N --count N`: random changes to the source, and the share that
the tests notice.

The catalogue removes what an author thought of; this draws changes that nobody chose. Each one is
tried on a copy of the source, on the embedded server, against the test files that name the changed
module or statement. A change that survives is printed with its line: explain why it cannot be
observed, or write the test. The same seed draws the same changes from the same source.
"""

import argparse
import io
import random
import re
import sys
import time
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mutants.catalogue import ROOT
from mutants.copy import run_on_copy

SOURCE = ROOT / "src/rekindle"
ROOMS = ("engine", "dispatchers", "postgres", "scenario", "render", "policy.py", "payload.py", "api", "sandbox")
WIDEST = 12
"""The most test files tried for one change; those that name it most often come first."""

_PYTHON = {
    "and": "or", "or": "and", "not": "", "==": "!=", "!=": "==", "<": "<=", "<=": "<", ">": ">=", ">=": ">",
    "+": "-", "-": "+", "True": "False", "False": "True", "is": "is not", "in": "not in", "min": "max", "max": "min",
}  # fmt: skip
_SQL = (
    (r"\band\b", "or"), (r"\bor\b", "and"), (r"\bis null\b", "is not null"), (r"\bis not null\b", "is null"),
    (r"<=", "<"), (r">=", ">"), (r"<>", "="), (r" desc\b", ""), (r"\bgreatest\b", "least"),
    (r"\bleast\b", "greatest"), (r"\bfor update\b", ""), (r"\bdistinct on \([^()]*\)", ""),
    (r"\bnot exists\b", "exists"), (r"\bunion all\b", "union"), (r"\bmax\(", "min("), (r"\bmin\(", "max("),
    (r"\bcount\(\*\)", "0"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Change:
    """One place in one file, and its replacement."""

    path: Path
    line: int
    start: int
    end: int
    becomes: str

    def text(self) -> str:
        """The whole file with the change made."""
        lines = self.path.read_text(encoding="utf-8").splitlines(keepends=True)
        old = lines[self.line - 1]
        lines[self.line - 1] = old[: self.start] + self.becomes + old[self.end :]
        return "".join(lines)

    def shown(self) -> str:
        """Its place, and its line before and after."""
        old = self.path.read_text(encoding="utf-8").splitlines()[self.line - 1]
        new = self.text().splitlines()[self.line - 1]
        return f"{self.path.relative_to(SOURCE)}:{self.line}\n    - {old.strip()}\n    + {new.strip()}"


def changes() -> list[Change]:
    """Every change that could be drawn, in order of file and place."""
    found: list[Change] = []
    for path in sorted(SOURCE.rglob("*")):
        if path.relative_to(SOURCE).parts[0] not in ROOMS or "migrations" in path.parts:
            continue
        if path.suffix == ".py":
            found += _python_changes(path)
        elif path.suffix == ".sql":
            found += _sql_changes(path)
    return found


def _python_changes(path: Path) -> Iterator[Change]:
    text = path.read_text(encoding="utf-8")
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        (line, start), (_, end) = token.start, token.end
        if token.line.lstrip().startswith(("import ", "from ", "@")) or "log." in token.line:
            continue
        if token.type in (tokenize.NAME, tokenize.OP) and token.string in _PYTHON:
            yield Change(path, line, start, end, _PYTHON[token.string])
        elif token.type == tokenize.NUMBER and token.string.isdigit():
            yield Change(path, line, start, end, str(int(token.string) + 1))


def _sql_changes(path: Path) -> Iterator[Change]:
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        code = line.partition("--")[0]
        for pattern, becomes in _SQL:
            for match in re.finditer(pattern, code):
                yield Change(path, number, match.start(), match.end(), becomes)


def compiles(change: Change) -> bool:
    """Whether Python can read the changed file; the server judges SQL."""
    if change.path.suffix != ".py":
        return True
    try:
        compile(change.text(), str(change.path), "exec")
    except SyntaxError:
        return False
    return True


def nearest(change: Change) -> list[str]:
    """The test files that name the changed module or statement, else those of its package."""
    words = _names(change.path)
    scores: dict[str, int] = {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        if {"torture", "mutants", "docs"} & set(path.relative_to(ROOT).parts):
            continue
        text = path.read_text(encoding="utf-8")
        score = sum(weight * len(re.findall(rf"\b{re.escape(word)}\b", text + path.stem)) for word, weight in words)
        if score:
            scores[str(path.relative_to(ROOT))] = score
    return sorted(scores, key=lambda name: (-scores[name], name))[:WIDEST]


def _names(path: Path) -> list[tuple[str, int]]:
    relative = path.relative_to(SOURCE).with_suffix("")
    stem = relative.stem if relative.stem != "__init__" else relative.parent.name
    words = [(".".join(("rekindle", *relative.parts)), 100), (stem, 10)]
    if path.suffix == ".sql":
        return [(stem, 10), *((part, 3) for part in stem.split("_") if len(part) > 3), ("claim", 1)]
    return [*words, *((part, 1) for part in relative.parts[:-1])]


def main() -> int:
    """Draw, try and print. The exit code is 0 even if changes survive: a person must judge them."""
    parser = argparse.ArgumentParser(prog="mutants.sample", description=__doc__)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--count", type=int, default=50)
    parsed = parser.parse_args()
    drawn = random.Random(parsed.seed).sample([one for one in changes() if compiles(one)], parsed.count)
    survivors: list[Change] = []
    for number, change in enumerate(drawn, start=1):
        started = time.monotonic()
        files = nearest(change)
        noticed = not files or not run_on_copy(change.path.relative_to(SOURCE), change.text(), files)
        if not noticed:
            survivors.append(change)
        verdict = "noticed" if noticed else "SURVIVED"
        sys.stdout.write(f"{number:>3} {verdict} {time.monotonic() - started:.0f} s {change.shown()}\n")
        sys.stdout.flush()
    share = 100 * (len(drawn) - len(survivors)) / len(drawn)
    sys.stdout.write(f"seed {parsed.seed}: {len(drawn)} changes, {len(survivors)} survived, {share:.0f} % noticed\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
