"""Prints what the configuration file would change: as tables, or person by person as JSON."""

from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import asdict
from typing import Any
from uuid import UUID

from rekindle.app import Engine
from rekindle.cli.output import WIDE, Table, console, json_text, say, say_held, write
from rekindle.cli.people import People
from rekindle.cli.places import Places, places
from rekindle.documents import organisation_document, people_of, person_document, places_of
from rekindle.model import Place
from rekindle.ports import EFFECTS, Affected, Carried, Difference, Effect

PEOPLE_PER_GROUP = 1_000

Steps = AsyncGenerator[Affected | Difference]

ORGANISATIONS_LISTED = 20
"""The most organisations that the table lists for one scenario. `--json` has all of them."""


async def numbers(steps: Steps) -> list[Difference]:
    """Collect the scenarios whose settings or people change. The people themselves are not
    stored."""
    async with aclosing(steps):
        differences = [step async for step in steps if isinstance(step, Difference)]
    return [one for one in differences if one.change != "same" or one.fault or one.people["gain"] or one.people["lose"]]


def organisations(differences: Sequence[Difference]) -> Iterator[Place]:
    """The organisations of every scenario."""
    return (Place(organisation_id) for one in differences for organisation_id in one.organisations)


def show_numbers(differences: list[Difference], where: Places) -> None:
    """Print the numbers as a table, then the scenarios that cannot be evaluated or that the guard
    would stop."""
    console(WIDE).print(_table(differences, where))
    for one in differences:
        if one.fault is not None:
            say(f"{one.scenario_type}: {one.fault}")
    for one in differences:
        if one.keys:
            say(f"{one.scenario_type}: edited {', '.join(one.keys)}.{_looked_back(one.keys)}")
        if one.carried is not None:
            say(renamed_line(one.scenario_type, one.was or "", one.carried))
    say_held(one.held for one in differences)
    keys = sorted({key for one in differences for key in one.left_out})
    if keys:
        say(f"On both sides {', '.join(keys)} {'is' if len(keys) == 1 else 'are'} left out: people count at any hour.")


def _looked_back(keys: Sequence[str]) -> str:
    """What an edited outcome means for the pushes that were sent before."""
    edited = {key for key in keys if key.partition(".")[0] == "outcome"}
    if not edited:
        return ""
    what = "horizon" if edited == {"outcome.horizon"} else "outcome"
    return f" Pushes that were not looked back at yet take the new {what}; the results of the others do not change."


def renamed_line(name: str, was: str, carried: Carried) -> str:
    """What the new name of a scenario takes over, in one line."""
    return (
        f"{name} was {was}. It takes over: pushes {carried.records:,}, cooldowns that are not over "
        f"{carried.cooldowns:,}, live claims {carried.live:,}, people who opted out {carried.opt_outs:,}."
    )


async def show(engine: Engine, steps: Steps, *, limit: int) -> int:
    """Print the numbers and up to `limit` people with a gain or a loss (0: all). Returns the exit
    code.

    Only the people that are listed are kept in memory.
    """
    differences: list[Difference] = []
    listed: list[Affected] = []
    async with aclosing(steps):
        async for step in steps:
            if isinstance(step, Difference):
                differences.append(step)
            elif step.effect != "stay" and (not limit or len(listed) < limit):
                listed.append(step)
    if not differences:
        say("Nothing is applied, and the configuration has no scenario.")
        return 0
    named = [*organisations(differences), *places_of(listed)]
    names = await engine.names(named, people_of(listed))
    where, people = Places(names, named), People(names)
    show_numbers(differences, where)
    if listed:
        table = Table()
        for heading in ("person", "organisation", "scenario", "effect"):
            table.add_column(heading, no_wrap=True)
        for person in listed:
            organisation = _organisation(person.organisation_id, where)
            table.add_row(people.person(person.user_id), organisation, person.scenario_type, person.effect)
        say()
        console(WIDE).print(table)
    moved = sum(one.people["gain"] + one.people["lose"] for one in differences)
    if len(listed) < moved:
        say(f"… and {moved - len(listed):,} more; --limit 0 lists everyone.")
    return _exit_code(differences)


async def write_json(engine: Engine, steps: Steps) -> int:
    """Write one JSON document to stdout: the people as they arrive, then the numbers. Returns the
    exit code.

    The people are written in groups, so that the names of a group's organisations are looked up
    together. An error that stops everything leaves an incomplete document, and its line on stderr.
    """
    differences: list[Difference] = []
    group: list[Affected] = []
    separator = "\n"

    async def write_group() -> None:
        nonlocal separator
        names = await engine.names(places_of(group), people_of(group))
        for one in group:
            row = {
                **person_document(one.user_id, names),
                **organisation_document(one.organisation_id, names),
                "scenario_type": one.scenario_type,
                "effect": one.effect,
            }
            write(separator + json_text(row))
            separator = ",\n"
        group.clear()

    write('{"people": [')
    async with aclosing(steps):
        async for step in steps:
            if isinstance(step, Difference):
                differences.append(step)
                continue
            group.append(step)
            if len(group) == PEOPLE_PER_GROUP:
                await write_group()
    await write_group()
    where = await places(engine, organisations(differences))
    rows = [numbers_of(one, where) for one in differences]
    write(f'\n],\n"scenarios": {json_text(rows, indent=2)}}}\n')
    return _exit_code(differences)


def _exit_code(differences: list[Difference]) -> int:
    return 2 if any(one.fault for one in differences) else 0


def _table(differences: Sequence[Difference], where: Places) -> Table:
    """One row per scenario. Below it, one row per organisation with a gain or a loss, the largest
    first."""
    table = Table()
    for heading in ("scenario", "change", "organisation"):
        table.add_column(heading, no_wrap=True)
    for effect in EFFECTS:
        table.add_column(effect, justify="right")
    for one in differences:
        if one.fault is not None:
            table.add_row(one.scenario_type, one.change, "not known", *("?" for _ in EFFECTS))
            continue
        touched = {id_: people for id_, people in one.organisations.items() if people["gain"] or people["lose"]}
        table.add_row(one.scenario_type, one.change, "all", *_effects(one.people))
        ordered = sorted(touched.items(), key=lambda item: (-item[1]["gain"] - item[1]["lose"], str(item[0])))
        if [*touched] == [None]:
            continue
        for id_, people in ordered[:ORGANISATIONS_LISTED]:
            table.add_row("", "", _organisation(id_, where), *_effects(people))
        if len(ordered) > ORGANISATIONS_LISTED:
            table.add_row("", "", f"… and {len(ordered) - ORGANISATIONS_LISTED:,} more: see --json", "", "", "")
    return table


def _organisation(organisation_id: UUID | None, where: Places) -> str:
    return "none" if organisation_id is None else where.organisation(organisation_id)


def _effects(people: Mapping[Effect, int]) -> list[str]:
    return [f"{people.get(effect, 0):,}" for effect in EFFECTS]


def numbers_of(one: Difference, where: Places) -> dict[str, Any]:
    """The numbers of one scenario, in total and by organisation. They are null if the
    scenario cannot be evaluated."""
    known = one.fault is None

    def counted(people: Mapping[Effect, int]) -> dict[Effect, int | None]:
        return {effect: people.get(effect, 0) if known else None for effect in EFFECTS}

    ordered = sorted(one.organisations.items(), key=lambda item: str(item[0]))
    return {
        "scenario_type": one.scenario_type,
        "change": one.change,
        **counted(one.people),
        "organisations": [{**organisation_document(id_, where.names), **counted(people)} for id_, people in ordered],
        "left_out": one.left_out,
        "keys": one.keys,
        "was": one.was,
        "carried": one.carried and asdict(one.carried),
        "fault": None if known else str(one.fault),
        "held": one.held and str(one.held),
    }
