"""The commands `unknown list` and `unknown settle`."""

from collections.abc import Sequence
from typing import Annotated

import typer

from rekindle.app import Engine
from rekindle.cli.options import AsJson, Rows, async_command, ids, settings
from rekindle.cli.output import WIDE, Table, console, print_json, say
from rekindle.cli.people import People
from rekindle.cli.places import Places
from rekindle.documents import people_of, places_of, unknown_document
from rekindle.errors import BadArgument
from rekindle.model import UnknownSend


@async_command
async def show(limit: Rows = 100, as_json: AsJson = False) -> None:
    """List sends that may have been accepted, newest first."""
    async with Engine.open(settings()) as engine:
        sends = await engine.unknown(limit=limit)
        names = await engine.names(places_of(sends), people_of(sends))
    if as_json:
        print_json([unknown_document(one, names) for one in sends])
    elif sends:
        console(WIDE).print(_table(sends, People(names), Places(names, places_of(sends))))
    else:
        say("There are no sends with an unknown outcome.")


@async_command
async def settle(
    claim: Annotated[
        str, typer.Argument(metavar="CLAIM", help="Id of the claim, as `rekindle unknown list` shows it.")
    ],
    sent: Annotated[
        str | None, typer.Option("--sent", metavar="NAME", help="It was sent; the provider's name for the message.")
    ] = None,
    not_sent: Annotated[bool, typer.Option("--not-sent", help="It was certainly not sent.")] = False,
) -> None:
    """Decide what became of the unknown sends of a claim.

    They are recorded as sent, or they end without a push and the person may be claimed again.
    """
    if (sent is None) != not_sent:
        raise BadArgument("give either --sent NAME or --not-sent")
    claim_id = ids("CLAIM", [claim])[0]
    async with Engine.open(settings()) as engine:
        settled = await engine.settle(claim_id, provider_name=sent)
    say(f"settled {settled} send(s) of claim {claim_id} as {'not sent' if not_sent else 'sent'}")


def _table(sends: Sequence[UnknownSend], people: People, where: Places) -> Table:
    """One row per send that may have been accepted."""
    table = Table()
    for heading in ("claim", "person", "organisation", "scenario", "reason", "sent at", "state"):
        table.add_column(heading, no_wrap=True)
    for one in sends:
        at = f"{one.armed_at:%Y-%m-%d %H:%M:%S}"
        state = f"closed {one.closed_at:%Y-%m-%d %H:%M:%S}" if one.closed_at else "waiting for a late answer"
        table.add_row(
            str(one.claim_id),
            people.person(one.user_id),
            where.optional(one.organisation_id),
            one.scenario_type,
            one.reason,
            at,
            state,
        )
    return table
