"""The command `effect`: whether the nudges help."""

from pathlib import Path
from typing import Annotated

import typer

from rekindle.app import Engine
from rekindle.cli.files import whole_file
from rekindle.cli.options import AsJson, async_command, settings
from rekindle.cli.output import print_json, say
from rekindle.effect.answers import Effect
from rekindle.effect.document import effect_document
from rekindle.effect.lines import NOBODY, headline, notes, shared, terms, title
from rekindle.pictures.effect import page


@async_command
async def effect(
    scenario: Annotated[str | None, typer.Option(metavar="NAME", help="Only the trials of this scenario.")] = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write a page with charts, in one file.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show whether the nudges help, from the trials.

    It compares people who were nudged with people who were held out, and what it says is right
    whenever you look.
    """
    async with Engine.open(settings()) as engine:
        found = await engine.effect(scenario_type=scenario)
    if html is not None:
        with whole_file(html, "page", "--html") as file:
            file.write(page(found))
    if as_json:
        print_json(effect_document(found))
    elif html is None:
        _print(found)
    else:
        say(f"Wrote {html}.")


def _print(found: Effect) -> None:
    if not found.answers:
        say(NOBODY)
    for answer in found.answers:
        say(f"{title(answer)}: {headline(answer)}")
        for line in (terms(answer), *notes(answer)):
            say(f"  {line}")
    if any(one.seen.one_reading for one in found.answers):
        say(shared(found.answers))
    if found.fault is not None:
        say(str(found.fault))
