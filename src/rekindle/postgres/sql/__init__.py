"""The statements, one per file, and the parts that they share.

`{slot}` in a text becomes the text of `parts/<file>.sql`, indented as its line is, and so on in
that text. The file has the slot's name, unless the caller binds the slot to another.
"""

import re
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import LiteralString, cast

_SLOT = re.compile(r"\{([a-z_/]+)\}")
_MARKER = re.compile(r" *-- mutant: .*$")
"""What the tests find a line by. It is not sent, so that a part may end with one inside a line."""


@cache
def statement(name: str, **bound: str) -> LiteralString:
    """The text of `<name>.sql` with its parts in place, marked so that it can be found in
    pg_stat_activity.

    Args:
        name: of the file.
        bound: by slot, the part that it becomes, where that depends on the scenario's kind or on
            what the team has: `candidates="kinds/inactivity/candidates"`,
            `chapter="chapter_absent"`.
    """
    # A text out of this package is as trustworthy as a literal, hence the cast; nothing else may
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
    """A file without its header comment and without markers."""
    text = resources.files(__package__ or "").joinpath(f"{path}.sql").read_text(encoding="utf-8")
    lines = [_MARKER.sub("", line) for line in text.splitlines()]
    while lines and (not lines[0].strip() or lines[0].startswith("--")):
        del lines[0]
    return "\n".join(lines)


def names() -> list[str]:
    """Every statement there is, in alphabetical order."""
    files = resources.files(__package__ or "").iterdir()
    return sorted(file.name.removesuffix(".sql") for file in files if file.name.endswith(".sql"))
