"""Load the statements, one per file, with the parts that they share.

`{slot}` becomes the text of `parts/slot.sql`, indented like its line, recursively. The caller may
bind a slot to another file. A part `kinds/<kind>/<part>` is in the folder of that kind of scenario,
`scenario/kinds/<kind>/`, and `{kinds/*/part}` becomes the union of the part of every kind that has
it.
"""

import re
from collections.abc import Mapping
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import LiteralString, cast

from rekindle.scenario import KINDS

_COLUMN = re.compile(r'"[a-z][a-z0-9_]{0,62}"')
_SLOT = re.compile(r"\{([a-z_/*]+)\}")
_MARKER = re.compile(r" *-- mutant: .*$")
"""Tests find a line by this comment. It is not sent to the server, so that a part that ends with
one may be inserted into the middle of a line."""


@cache
def statement(name: str, *, kinds: frozenset[str] = frozenset(KINDS), **bound: str) -> LiteralString:
    """Return the text of `<name>.sql` with its parts filled in. A comment with its name makes it
    easy to find in pg_stat_activity.

    Args:
        name: of the file.
        kinds: those whose parts make up `{kinds/*/part}`.
        bound: the part for a slot, where that depends on the scenario's kind or on the team's
            views: `candidates="kinds/inactivity/candidates"`, `chapter="chapter_absent"`. Or the
            name of a column in quotes: `on='"birthday"'`.
    """
    # The text is a file of this package, so it is as trustworthy as a literal. Nothing else may
    # become SQL, except the name of a column of lower-case letters, digits and _.
    return cast("LiteralString", f"/* rekindle:{name} */\n{_filled(_text(name), bound, kinds)}")


def _filled(text: str, bound: Mapping[str, str], kinds: frozenset[str]) -> str:
    def part(slot: re.Match[str]) -> str:
        before = text[: slot.start()].rpartition("\n")[2]
        indent = before[: len(before) - len(before.lstrip())]
        if _COLUMN.fullmatch(bound.get(slot[1], "")):
            return bound[slot[1]]
        paths = _of_kinds(slot[1], kinds) if "*" in slot[1] else [f"parts/{bound.get(slot[1], slot[1])}"]
        body = "\nunion all\n".join(_filled(_text(path), bound, kinds) for path in paths)
        return body.replace("\n", f"\n{indent}")

    return _SLOT.sub(part, text)


def _of_kinds(slot: str, kinds: frozenset[str]) -> list[str]:
    """Return the part of each of these kinds that has it, in the order of their registration; if
    none has, the part `<part>_absent`."""
    paths = [f"parts/{slot.replace('*', kind)}" for kind in KINDS if kind in kinds]
    return [path for path in paths if _file(path).is_file()] or [f"parts/{slot.rpartition('/')[2]}_absent"]


def _file(path: str) -> Traversable:
    _, _, of_kind = path.partition("parts/kinds/")
    if of_kind:
        return resources.files("rekindle.scenario.kinds").joinpath(f"{of_kind}.sql")
    return resources.files(__package__ or "").joinpath(f"{path}.sql")


def _text(path: str) -> str:
    """Return the text of a file without its header comment and without markers."""
    text = _file(path).read_text(encoding="utf-8")
    lines = [_MARKER.sub("", line) for line in text.splitlines()]
    while lines and (not lines[0].strip() or lines[0].startswith("--")):
        del lines[0]
    return "\n".join(lines)


def names() -> list[str]:
    """Return the names of all statements, in alphabetical order."""
    files = resources.files(__package__ or "").iterdir()
    return sorted(file.name.removesuffix(".sql") for file in files if file.name.endswith(".sql"))
