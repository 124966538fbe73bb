"""The statements, one per file, by name."""

from functools import cache
from importlib import resources
from typing import LiteralString, cast


@cache
def statement(name: str) -> LiteralString:
    """The text of `<name>.sql` without its header comment, marked so that it can be found in pg_stat_activity.

    A text out of this package is as trustworthy as a literal, hence the cast; nothing else may become SQL.
    """
    text = resources.files(__package__ or "").joinpath(f"{name}.sql").read_text(encoding="utf-8")
    lines = text.splitlines()
    while lines and (not lines[0].strip() or lines[0].startswith("--")):
        del lines[0]
    return cast("LiteralString", f"/* rekindle:{name} */\n" + "\n".join(lines))


@cache
def composed(name: str, kind: str) -> LiteralString:
    """`claim` or `plan` for one kind of scenario: the statement, the shared verdicts, and the kind's candidates."""
    verdicts = statement("verdicts").replace("{candidates}", statement(f"candidates_{kind}"))
    return statement(name).replace("{verdicts}", verdicts)


def names() -> list[str]:
    """Every statement there is, in alphabetical order."""
    files = resources.files(__package__ or "").iterdir()
    return sorted(file.name.removesuffix(".sql") for file in files if file.name.endswith(".sql"))
