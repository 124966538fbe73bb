"""The command `audit`."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from rekindle.app import Engine
from rekindle.cli.options import AsJson, Rows, async_command, settings
from rekindle.cli.output import WIDE, Table, console, print_json, say
from rekindle.cli.places import Places, places
from rekindle.documents import audited_document, places_of
from rekindle.errors import BadArgument
from rekindle.policy import parse_duration
from rekindle.ports import Audited, Filter


@async_command
async def audit(
    since: Annotated[
        str | None, typer.Option("--since", metavar="DURATION", help="Only changes within this time, such as 7d.")
    ] = None,
    limit: Rows = 100,
    as_json: AsJson = False,
) -> None:
    """List what was changed and by which actor, newest first."""
    asked = Filter(since=_since(since), limit=limit)
    async with Engine.open(settings()) as engine:
        changes = await engine.audit_page(asked)
        where = await places(engine, places_of(changes))
    if as_json:
        print_json([audited_document(one, where.names) for one in changes])
    elif changes:
        console(WIDE).print(_table(changes, where))
    else:
        say("Nothing was changed.")


def _since(text: str | None) -> datetime | None:
    try:
        return None if text is None else datetime.now(UTC) - timedelta(seconds=parse_duration(text))
    except ValueError as error:
        raise BadArgument(f"--since {error}") from None


def _table(changes: Sequence[Audited], where: Places) -> Table:
    """One row per change."""
    table = Table()
    for heading in ("at", "actor", "action", "scenario", "organisation", "subject", "details"):
        table.add_column(heading, no_wrap=heading != "details")
    for one in changes:
        table.add_row(
            f"{one.at:%Y-%m-%d %H:%M:%S}",
            one.actor,
            one.action,
            one.scenario_type or "-",
            where.optional(one.organisation_id),
            one.subject or "-",
            json.dumps(one.details) if one.details else "-",
        )
    return table
