"""The statements, one per file, by name."""

from functools import cache
from importlib import resources
from typing import LiteralString, cast

OPTIONAL: tuple[LiteralString, ...] = ("chapter", "organisation", "preference", "activity", "wanted")
"""Parts that need a view which a team may not have, or a table that is not always staged."""


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
def composed(name: str, *, kind: str = "", parts: frozenset[str] = frozenset()) -> LiteralString:
    """A statement with its parts in place: `{verdicts}` with the candidates of a kind of scenario, and each of the
    optional parts, or what stands for it where it is not among `parts`."""
    text = statement(name)
    if "{verdicts}" in text:
        verdicts = statement("verdicts").replace("{candidates}", statement(f"candidates_{kind}"))
        text = text.replace("{verdicts}", verdicts.replace("{refusals}", statement("refusals")))
        for part in ("devices", "usable"):
            text = text.replace(f"{{{part}}}", statement(part))
    if "{each_refusal}" in text:
        cases = ",\n".join(f"case {part}\nend" for part in refusals().values())
        text = text.replace("{each_refusal}", f"array_remove(array[\n{cases}\n]::text[], null)")
        text = text.replace("{known}", statement(f"known_{kind}"))
    text = text.replace("{switched_off}", statement("switched_off"))
    for part in OPTIONAL:
        standing = next((one for one in (part, f"{part}_known") if one in parts), f"{part}_absent")
        text = text.replace(f"{{{part}}}", statement(standing))
    return text


@cache
def refusals() -> dict[str, LiteralString]:
    """`refusals.sql` taken apart: each reason in order, with the one `when … then …` that decides about it.

    What explains a refusal is thereby the text that decides about it, and not a second one.
    """
    parts = statement("refusals").split("\nwhen ")[1:]
    return {part.rpartition("then '")[2].partition("'")[0]: f"when {part}" for part in parts}


def names() -> list[str]:
    """Every statement there is, in alphabetical order."""
    files = resources.files(__package__ or "").iterdir()
    return sorted(file.name.removesuffix(".sql") for file in files if file.name.endswith(".sql"))
