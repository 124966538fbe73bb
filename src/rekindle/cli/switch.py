"""The commands `switch off`, `switch on` and `switch list`."""

from collections.abc import Sequence
from typing import Annotated

import typer

from rekindle.app import Engine
from rekindle.cli.options import AsJson, async_command, one_id, settings
from rekindle.cli.output import WIDE, Table, console, print_json, say
from rekindle.cli.places import Places, places
from rekindle.documents import switch_document
from rekindle.errors import BadArgument
from rekindle.model import Place, Switch, Turned

_MAX_REASON_CHARS = 500

Scenario = Annotated[str | None, typer.Option("--scenario", metavar="NAME", help="Only this scenario.")]
Organisation = Annotated[str | None, typer.Option("--organisation", metavar="UUID", help="Only this organisation.")]
Reason = Annotated[str | None, typer.Option("--reason", metavar="TEXT", help="Why, for people who look later.")]


@async_command
async def off(scenario: Scenario = None, organisation: Organisation = None, reason: Reason = None) -> None:
    """Switch off everything, a scenario, or an organisation.

    Nothing more of it is claimed or sent, also in runs that are under way.
    """
    await _turn("off", scenario, organisation, reason)


@async_command
async def on(scenario: Scenario = None, organisation: Organisation = None, reason: Reason = None) -> None:
    """Switch on what the same options switched off."""
    await _turn("on", scenario, organisation, reason)


@async_command
async def show(as_json: AsJson = False) -> None:
    """List every switch: its state, since when, which role, and why."""
    async with Engine.open(settings()) as engine:
        switches = await engine.switches()
        where = await places(engine, (Place(one.organisation_id) for one in switches))
    if as_json:
        print_json([switch_document(one, where.names) for one in switches])
    elif switches:
        console(WIDE).print(_table(switches, where))
    else:
        say("Nothing was ever switched off.")


async def _turn(turned: Turned, scenario: str | None, organisation: str | None, reason: str | None) -> None:
    organisation_id = one_id("--organisation", organisation)
    if reason is not None and (len(reason) > _MAX_REASON_CHARS or not reason.isprintable()):
        raise BadArgument(f"a reason must be one line of at most {_MAX_REASON_CHARS} characters")
    async with Engine.open(settings()) as engine:
        await engine.switch(turned, scenario_type=scenario, organisation_id=organisation_id, reason=reason)
        named = await places(engine, [Place(organisation_id)])
    what = f"scenario {scenario}" if scenario else "every scenario"
    where = (
        f"organisation {named.organisation(organisation_id, whole=True)}" if organisation_id else "every organisation"
    )
    say(f"{what} is {turned} for {where}")


def _table(switches: Sequence[Switch], where: Places) -> Table:
    """One row per switch. The ids are whole, because `switch on` needs them."""
    table = Table()
    for heading in ("scenario", "organisation", "turned", "since", "by", "why"):
        table.add_column(heading, no_wrap=heading != "why")
    for one in switches:
        table.add_row(
            one.scenario_type or "all",
            where.organisation(one.organisation_id, whole=True) if one.organisation_id else "all",
            one.turned,
            f"{one.switched_at:%Y-%m-%d %H:%M:%S}",
            one.switched_by,
            one.reason or "-",
        )
    return table
