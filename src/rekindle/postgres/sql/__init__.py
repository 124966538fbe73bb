"""Load the statements, one per file, with the parts that they share.

`{slot}` becomes the text of `parts/slot.sql`, indented like its line, recursively. The caller may
bind a slot to another file.
"""

import re
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import LiteralString, cast

_SLOT = re.compile(r"\{([a-z_/]+)\}")
_MARKER = re.compile(r" *-- mutant: .*$")
"""Tests find a line by this comment. It is not sent to the server, so that a part that ends with
one may be inserted into the middle of a line."""


@cache
def statement(name: str, **bound: str) -> LiteralString:
    """Return the text of `<name>.sql` with its parts filled in. A comment with its name makes it
    easy to find in pg_stat_activity.

    Args:
        name: of the file.
        bound: the part for a slot, where that depends on the scenario's kind or on the team's
            views: `candidates="kinds/inactivity/candidates"`, `chapter="chapter_absent"`.
    """
    # The text is a file of this package, so it is as trustworthy as a literal. Nothing else may
    # become SQL.
    return cast("LiteralString", f"/* rekindle:{name} */\n{_filled(_text(name), bound)}")


def _filled(text: str, bound: Mapping[str, str]) -> str:
    def part(slot: re.Match[str]) -> str:
        before = text[: slot.start()].rpartition("\n")[2]
        indent = before[: len(before) - len(before.lstrip())]
        body = _filled(_text(f"parts/{bound.get(slot[1], slot[1])}"), bound)
        return body.replace("\n", f"\n{indent}")

    return _SLOT.sub(part, text)


def _text(path: str) -> str:
    """Return the text of a file without its header comment and without markers."""
    text = resources.files(__package__ or "").joinpath(f"{path}.sql").read_text(encoding="utf-8")
    lines = [_MARKER.sub("", line) for line in text.splitlines()]
    while lines and (not lines[0].strip() or lines[0].startswith("--")):
        del lines[0]
    return "\n".join(lines)


def names() -> list[str]:
    """Return the names of all statements, in alphabetical order."""
    files = resources.files(__package__ or "").iterdir()
    return sorted(file.name.removesuffix(".sql") for file in files if file.name.endswith(".sql"))
