"""The command `explain`: why a person gets a push now or does not, and what happened to them."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from rekindle.app import Engine
from rekindle.cli.conditions import describe, moment, printable
from rekindle.cli.options import AsJson, ConfigPath, Scenarios, async_command, config, ids, one_id, settings
from rekindle.cli.output import console, counts, print_json, report_json, report_line, say
from rekindle.model import Report
from rekindle.ports import Explanation, PastClaim, PastUnit, PersonExplained, Standing

_ENDINGS = {
    "recorded": "accepted",
    "claimed": "claimed, not sent yet",
    "dispatching": "being sent",
    "retry": "will be retried",
    "unknown": "may have been accepted; it is not known",
}


@async_command
async def explain(
    user: Annotated[str, typer.Argument(help="The person's user_id.")],
    scenario: Scenarios = None,
    run: Annotated[str | None, typer.Option("--run", help="Show only what this run did for the person.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="Past claims, newest first.")] = 5,
    config_path: ConfigPath = None,
    as_json: AsJson = False,
) -> int:
    """Show why a person gets a push now or does not.

    Also shows what has happened to the person. Claims nobody and sends nothing.
    """
    user_id = ids([user])[0]
    run_id = one_id(run)
    async with Engine.open(settings(), config(config_path)) as engine:
        one = await engine.explain(user_id, scenarios=scenario or (), run_id=run_id, limit=limit)
    if as_json:
        print_json(explained_json(one))
    else:
        _show(one)
    return 2 if any(scenario.fault for scenario in one.scenarios) else 0


def explained_json(one: PersonExplained) -> dict[str, Any]:
    """The explanation of one person: conditions in their order, claims newest first."""
    return {
        "user_id": one.user_id,
        "at": one.standing.at,
        "known": one.standing.known,
        "recipient": one.standing.listed,
        "active": one.standing.active,
        "scenarios": [_scenario_json(scenario) for scenario in one.scenarios],
        "run": None if one.run is None else report_json(one.run),
        "claims": [asdict(claim) for claim in one.claims],
    }


def _scenario_json(one: Explanation) -> dict[str, Any]:
    return {
        "scenario_type": one.scenario_type,
        "version": one.version,
        "kind": one.kind,
        "occurrence": one.occurrence,
        "override": one.override,
        "blocked_by": list(one.blocked_by),
        "next_at": one.next_at,
        "waits_for": one.waits_for,
        "fault": one.fault,
        "conditions": [asdict(condition) for condition in one.conditions],
    }


def _show(one: PersonExplained) -> None:
    say(f"{one.user_id} at {moment(one.standing.at)}: {_standing(one.standing)}")
    if one.standing.known:
        for scenario in one.scenarios:
            say("")
            say(_heading(scenario))
            if scenario.conditions:
                console().print(_conditions_table(scenario))
        if not one.scenarios and one.run is None:
            say("No scenario is applied. Run `rekindle apply`.")
    if one.run is not None:
        say("")
        say(f"Run {one.run.run_id} of {moment(one.run.started_at)}. {report_line(one.run)}")
    if one.claims:
        say("")
        say("What happened, newest first:" if one.run is None else "What it did for this person:")
        for claim in one.claims:
            for line in _claim_lines(claim):
                say(line)
    elif one.standing.known and one.run is None:
        say("")
        say("Nothing was ever claimed for this person.")
    if one.run is not None:
        _show_refusals(one.run, {claim.scenario_type for claim in one.claims})


def _standing(standing: Standing) -> str:
    if standing.active:
        return "an active recipient"
    if standing.listed:
        return "a recipient, not active"
    if standing.known:
        return "not in rekindle_source.recipient, but a device or the ledger has this id"
    return "unknown id: neither rekindle_source.recipient nor a device nor the ledger has it"


def _heading(one: Explanation) -> str:
    where = f", with the settings of {one.override}" if one.override else ""
    name = f"{one.scenario_type} (version {one.version}, {one.kind}{where})"
    if one.fault is not None:
        return f"{name}: cannot be evaluated. {one.fault}"
    if not one.blocked_by:
        return f"{name}: would be claimed now"
    if one.next_at is not None:
        return f"{name}: blocked by {one.blocked_by[0]}; possible from {moment(one.next_at)} at the earliest"
    lasting = one.waits_for or one.blocked_by[0]
    return f"{name}: blocked by {one.blocked_by[0]}; no date known, since time alone does not lift {lasting}"


def _conditions_table(one: Explanation) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("  blocks", no_wrap=True)
    table.add_column("condition", no_wrap=True)
    table.add_column("facts")
    for each in one.conditions:
        table.add_row(f"  {'yes' if each.blocks else 'no'}", each.reason, escape(describe(each)))
    return table


def _claim_lines(claim: PastClaim) -> Iterator[str]:
    version = "" if claim.scenario_version is None else f" (version {claim.scenario_version})"
    if claim.claimed_run_id is None:
        yield f"  {claim.scenario_type}{version}: recorded by another program at {moment(claim.claimed_at)}"
        return
    occurrence = printable(claim.occurrence or "-")
    at = moment(claim.claimed_at)
    yield f"  {claim.scenario_type}{version}: claimed at {at} because of {occurrence}, by run {claim.claimed_run_id}"
    for unit in claim.units:
        yield f"    device {unit.device_id}: {_ending(unit)}"


def _ending(unit: PastUnit) -> str:
    text = _ENDINGS.get(unit.ending, unit.ending)
    if unit.reason:
        text += f" ({unit.reason})"
    if unit.ended_at is not None:
        text += f" at {moment(unit.ended_at)}"
    if unit.next_try_at is not None:
        text += f", not before {moment(unit.next_try_at)}"
    if unit.armed_at is not None:
        text += f", sent at {moment(unit.armed_at)}"
    return text + (f", {unit.attempts} attempts" if unit.attempts != 1 else "")


def _show_refusals(run: Report, claimed: set[str]) -> None:
    others = [one for one in run.scenarios if one.scenario_type not in claimed and one.evaluated]
    if not others:
        return
    say("")
    say("Runs store refusals as counts, not per person. This person is one of these:")
    for one in others:
        refused = counts(one.refusals)
        say(f"  {one.scenario_type}: of {one.evaluated:,} people {one.not_due:,} not due; refused: {refused}")
