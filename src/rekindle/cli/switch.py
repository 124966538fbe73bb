"""The kill switch: hold back a scenario, an organisation, or everything, at once."""

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from rekindle.app import Engine
from rekindle.cli.options import AsJson, async_command, one_id, settings
from rekindle.cli.output import WIDE, console, print_json, say
from rekindle.errors import BadArgument
from rekindle.model import Switch, Turned

_MAX_REASON_CHARS = 500

Scenario = Annotated[str | None, typer.Option("--scenario", help="Only this scenario.")]
Organisation = Annotated[str | None, typer.Option("--organisation", help="Only this organisation's recipients.")]
Reason = Annotated[str | None, typer.Option("--reason", help="Why, for whoever looks later.")]


@async_command
async def off(scenario: Scenario = None, organisation: Organisation = None, reason: Reason = None) -> None:
    """Hold back everything, or one scenario or organisation: nothing more of it is claimed or
    sent."""
    await _throw("off", scenario, organisation, reason)


@async_command
async def on(scenario: Scenario = None, organisation: Organisation = None, reason: Reason = None) -> None:
    """Let go on what the same options had switched off."""
    await _throw("on", scenario, organisation, reason)


@async_command
async def show(as_json: AsJson = False) -> None:
    """Show what was switched off and on, who did it, and why."""
    async with Engine.open(settings()) as engine:
        thrown = await engine.switches()
    if as_json:
        names = ("scenario_type", "organisation_id", "turned", "reason", "switched_at", "switched_by")
        print_json([{name: getattr(one, name) for name in names} for one in thrown])
    elif thrown:
        console(WIDE).print(_table(thrown))
    else:
        say("Nothing was ever switched off.")


async def _throw(turned: Turned, scenario: str | None, organisation: str | None, reason: str | None) -> None:
    organisation_id = one_id(organisation)
    if reason is not None and (len(reason) > _MAX_REASON_CHARS or not reason.isprintable()):
        raise BadArgument(f"a reason is one line of at most {_MAX_REASON_CHARS} characters")
    async with Engine.open(settings()) as engine:
        await engine.switch(turned, scenario_type=scenario, organisation_id=organisation_id, reason=reason)
    what = f"scenario {scenario}" if scenario else "every scenario"
    whom = f"organisation {organisation_id}" if organisation_id else "every organisation"
    say(f"{what} is {turned} for {whom}")


def _table(thrown: Sequence[Switch]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("scenario", "organisation", "turned", "since", "by", "why"):
        table.add_column(heading, no_wrap=heading != "why")
    for one in thrown:
        table.add_row(
            one.scenario_type or "all",
            str(one.organisation_id or "all"),
            one.turned,
            f"{one.switched_at:%Y-%m-%d %H:%M:%S}",
            escape(one.switched_by),
            escape(one.reason or "-"),
        )
    return table
