"""The command `report`: what became of the pushes of some time."""

from pathlib import Path
from typing import Annotated

import typer

from rekindle.app import Engine
from rekindle.cli.files import whole_file
from rekindle.cli.options import AsJson, async_command, seconds, settings
from rekindle.cli.output import WIDE, Table, console, counts, print_json, say
from rekindle.cli.places import Places, places
from rekindle.documents import summary_document
from rekindle.model import Place
from rekindle.pictures.report import opened, page
from rekindle.ports import PlaceSummary, Summary

BASE_RATE = "`came back` is a base rate and not an effect: people come back without a nudge, too."

OPENED = "`opened` counts the pushes that your app says were tapped. People also read a push and do not tap it."


@async_command
async def report(
    since: Annotated[str, typer.Option("--since", metavar="DURATION", help="How far to look back.")] = "30d",
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write a page with charts, in one file.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show what became of recent pushes.

    Per scenario and organisation: people reached, whether they came back, opt-outs, unknown sends,
    dead tokens. And why people who were due were not claimed.
    """
    within_seconds = seconds(since, "--since") or 0
    async with Engine.open(settings()) as engine:
        summary = await engine.report(within_seconds=within_seconds)
        shown = await places(engine, (Place(one.organisation_id) for one in summary.places))
    if html is not None:
        with whole_file(html, "report", "--html") as file:
            file.write(page(summary, lambda one: _organisation(one, shown)))
    if as_json:
        print_json(summary_document(summary, shown.names))
    elif html is None:
        _print(summary, shown)
    else:
        say(f"Wrote {html}.")


def _print(summary: Summary, shown: Places) -> None:
    if not summary.places and not summary.refusals:
        say(f"Nobody was due since {summary.since:%Y-%m-%d %H:%M} UTC.")
        return
    if summary.places:
        console(WIDE).print(_table(summary, shown))
        say(BASE_RATE)
        if summary.knows_opened:
            say(OPENED)
    for name, reasons in summary.refusals.items():
        say(f"{name}: due and not claimed, counted by each run: {counts(reasons)}")


def _table(summary: Summary, shown: Places) -> Table:
    """One row per scenario and organisation."""
    table = Table()
    for heading in ("scenario", "organisation"):
        table.add_column(heading, no_wrap=True)
    seen = summary.knows_opened
    for heading in ("reached", "pushes", *(["opened"] if seen else [])):
        table.add_column(heading, justify="right")
    table.add_column("came back", no_wrap=True)
    for heading in ("opted out", "unknown", "dead tokens"):
        table.add_column(heading, justify="right")
    for one in summary.places:
        table.add_row(
            one.scenario_type,
            _organisation(one, shown),
            f"{one.reached:,}",
            f"{one.pushes:,}",
            *([opened(one)] if seen else []),
            came_back(one),
            f"{one.opted_out:,}" if one.looked_back else "-",
            f"{one.unknown:,}",
            f"{one.dead_tokens:,}",
        )
    return table


def _organisation(one: PlaceSummary, shown: Places) -> str:
    return "-" if one.organisation_id is None else shown.organisation(one.organisation_id)


def came_back(one: PlaceSummary) -> str:
    """The base rate in words."""
    if not one.looked_back:
        return "not known yet"
    share = one.came_back / one.looked_back
    return f"{one.came_back:,} of {one.looked_back:,} within {one.horizon_days} days, {share:.0%}"
