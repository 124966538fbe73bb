"""The command `explain`: why a person gets a push now or does not, and what happened to them."""

from collections.abc import Iterator
from typing import Annotated

import typer

from rekindle.app import Engine
from rekindle.cli.options import AsJson, ConfigPath, Scenarios, async_command, config, one_id, settings
from rekindle.cli.output import Table, console, counts, print_json, report_line, say
from rekindle.cli.places import Places, places
from rekindle.cli.trials import held_out
from rekindle.documents import explained_document, places_of_person
from rekindle.engine.conditions import describe, moment
from rekindle.foreign import printable
from rekindle.model import REASONS, Report
from rekindle.ports import Explanation, PastClaim, PastUnit, PersonExplained, Standing

_ENDINGS = {
    "recorded": "accepted",
    "claimed": "claimed, not sent yet",
    "dispatching": "being sent",
    "retry": "will be retried",
    "unknown": "may have been accepted; it is not known",
    "held_out": "held out by a trial, not sent",
}


@async_command
async def explain(
    user: Annotated[str, typer.Argument(metavar="USER", help="The person's user_id or external_id.")],
    scenario: Scenarios = None,
    run: Annotated[
        str | None, typer.Option("--run", metavar="UUID", help="Show only what this run did for the person.")
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Show every condition, also those that do not block.")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, max=1_000, metavar="N", help="Past claims, newest first.")] = 5,
    config_path: ConfigPath = None,
    as_json: AsJson = False,
) -> int:
    """Show why a person gets a push now or does not.

    Also shows what has happened to the person. Claims nobody and sends nothing.
    """
    run_id = one_id("--run", run)
    async with Engine.open(settings(), config(config_path)) as engine:
        user_id = await engine.person(user)
        person = await engine.explain(user_id, scenarios=scenario or (), run_id=run_id, limit=limit)
        where = await places(engine, places_of_person(person))
    if as_json:
        print_json(explained_document(person, where.names))
    else:
        _show(person, where, everything=everything)
    return 2 if any(scenario.fault for scenario in person.scenarios) else 0


def _show(person: PersonExplained, where: Places, *, everything: bool) -> None:
    places_ = "; ".join(where.place(place) for place in person.standing.places)
    standing = _standing(person.standing) + (f" in {places_}" if places_ else "")
    external = person.standing.external_id
    named = f"{person.user_id} (external_id {printable(external)})" if external else str(person.user_id)
    say(f"{named} at {moment(person.standing.at)}: {standing}")
    if person.standing.known:
        _show_scenarios(person, where, everything=everything)
    if person.run is not None:
        say()
        say(f"Run {person.run.run_id} of {moment(person.run.started_at)}. {report_line(person.run)}")
    if person.claims:
        say()
        say("What happened, newest first:" if person.run is None else "What it did for this person:")
        for claim in person.claims:
            for line in _claim_lines(claim):
                say(line)
    elif person.standing.known and person.run is None:
        say()
        say("Nothing was ever claimed for this person.")
    if person.run is not None:
        _show_refusals(person.run, {claim.scenario_type for claim in person.claims})


def _show_scenarios(person: PersonExplained, where: Places, *, everything: bool) -> None:
    """Print one line per scenario; with `everything`, also the table of all its conditions."""
    if not person.scenarios:
        if person.run is None:
            say("No scenario is applied. Run `rekindle apply`.")
        return
    if not everything:
        say()
    for scenario in person.scenarios:
        if everything:
            say()
        named = person.standing.places[1:] and scenario.conditions
        place = f" at {where.place(scenario.place)}" if named else ""
        say(f"{_name(scenario, where, everything=everything)}{place}: {_verdict(scenario)}")
        if everything and scenario.conditions:
            console().print(_conditions_table(scenario))


def _standing(standing: Standing) -> str:
    if standing.active:
        return "an active recipient"
    if standing.listed:
        return "a recipient, not active"
    if standing.known:
        return "not in rekindle_source.recipient, but a device or the ledger has this id"
    return "unknown id: neither rekindle_source.recipient nor a device nor the ledger has it"


def _name(scenario: Explanation, where: Places, *, everything: bool) -> str:
    details = [f"version {scenario.version}", scenario.kind] if everything else []
    if scenario.override is not None:
        details.append(f"with the settings of {where.place(scenario.override)}")
    return f"{scenario.scenario_type} ({', '.join(details)})" if details else scenario.scenario_type


def _verdict(scenario: Explanation) -> str:
    """Whether the scenario would claim the person now; if not, the condition that matters most.

    A condition that does not end with time matters more than one that does. Of several, the first
    one matters, which is also the one that a run would count.
    """
    if scenario.fault is not None:
        return f"cannot be evaluated. {scenario.fault}"
    if not scenario.blocked_by:
        if scenario.text_name is not None:
            return f"would be claimed now, and get text {scenario.text_name}"
        return "would be claimed now" + ("" if scenario.held_out_of is None else held_out(scenario.held_out_of))
    reason = scenario.blocked_by[0] if scenario.waits_for is None else scenario.waits_for
    others = [other for other in scenario.blocked_by if other != reason]
    facts = next((describe(each) for each in scenario.conditions if each.reason == reason and each.blocks), "")
    until = "this changes" if scenario.next_at is None else f"{moment(scenario.next_at)} at the earliest"
    also = f"; also by {', '.join(others)}" if others else ""
    return f"blocked by {reason} until {until}{also}: {facts or REASONS[reason]}"


def _conditions_table(scenario: Explanation) -> Table:
    table = Table()
    table.add_column("  blocks", no_wrap=True)
    table.add_column("condition", no_wrap=True)
    table.add_column("facts")
    for each in scenario.conditions:
        table.add_row(f"  {'yes' if each.blocks else 'no'}", each.reason, describe(each))
    return table


def _claim_lines(claim: PastClaim) -> Iterator[str]:
    version = "" if claim.scenario_version is None else f" (version {claim.scenario_version})"
    if claim.claimed_run_id is None:
        yield f"  {claim.scenario_type}{version}: recorded by another program at {moment(claim.claimed_at)}"
        return
    occurrence = (claim.occurrence or "-") + (f" and {len(others)} more" if (others := claim.other_occurrences) else "")
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
    others = [numbers for numbers in run.scenarios if numbers.scenario_type not in claimed and numbers.evaluated]
    if not others:
        return
    say()
    say("Runs store refusals as counts, not per person. This person is one of these:")
    for numbers in others:
        people = f"of {numbers.evaluated:,} people {numbers.not_due:,} not due"
        say(f"  {numbers.scenario_type}: {people}; refused: {counts(numbers.refusals)}")
