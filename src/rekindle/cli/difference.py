"""What the configuration on disk would change: for people in tables, for programs person by
person."""

import json
import sys
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Any

from rich.table import Table

from rekindle.cli.output import console, plain, say
from rekindle.ports import EFFECTS, Affected, Difference, Effect

Steps = AsyncGenerator[Affected | Difference]

ORGANISATIONS_LISTED = 20
"""As many organisations of a scenario's difference as people read; `--json` has them all."""


async def numbers(steps: Steps) -> list[Difference]:
    """The numbers of every scenario that an edit has touched, or somebody's place under it;
    nobody is kept."""
    async with aclosing(steps):
        found = [step async for step in steps if isinstance(step, Difference)]
    return [one for one in found if one.change != "same" or one.fault or one.people["gain"] or one.people["lose"]]


def show_numbers(found: list[Difference]) -> None:
    """The numbers as a table, and what keeps a scenario's from being known, or would keep it
    back."""
    console().print(_table(found))
    for one in found:
        if one.fault is not None:
            say(f"{one.scenario_type}: {one.fault}")
        if one.held is not None:
            say(str(one.held))


async def show(steps: Steps, *, limit: int) -> int:
    """Print the numbers and up to `limit` of those who gain or lose (0: all of them); the exit
    code.

    Everybody is seen and only those listed are kept, which is everybody only if asked for.
    """
    found: list[Difference] = []
    listed: list[Affected] = []
    async with aclosing(steps):
        async for step in steps:
            if isinstance(step, Difference):
                found.append(step)
            elif step.effect != "stay" and (not limit or len(listed) < limit):
                listed.append(step)
    if not found:
        say("Nothing is applied, and the configuration has no scenario.")
        return 0
    show_numbers(found)
    if listed:
        table = Table(box=None, pad_edge=False, header_style="bold")
        for heading in ("person", "organisation", "scenario", "effect"):
            table.add_column(heading, no_wrap=True)
        for person in listed:
            organisation = str(person.organisation_id or "none")
            table.add_row(str(person.user_id), organisation, person.scenario_type, person.effect)
        console().print()
        console().print(table)
    moved = sum(one.people["gain"] + one.people["lose"] for one in found)
    if len(listed) < moved:
        say(f"… and {moved - len(listed):,} more; --limit 0 lists everyone.")
    return _exit_code(found)


async def write_json(steps: Steps) -> int:
    """One JSON document on stdout, written as the people come, then the numbers; the exit code.

    A fault that stops everything leaves half a document and its line on stderr.
    """
    found: list[Difference] = []
    separator = "\n"
    sys.stdout.write('{"people": [')
    async with aclosing(steps):
        async for step in steps:
            if isinstance(step, Difference):
                found.append(step)
                continue
            row = {
                "user_id": step.user_id,
                "organisation_id": step.organisation_id,
                "scenario_type": step.scenario_type,
                "effect": step.effect,
            }
            sys.stdout.write(separator + json.dumps(row, default=plain))
            separator = ",\n"
    rows = [numbers_of(one) for one in found]
    sys.stdout.write(f'\n],\n"scenarios": {json.dumps(rows, default=plain, ensure_ascii=False, indent=2)}}}\n')
    return _exit_code(found)


def _exit_code(found: list[Difference]) -> int:
    return 2 if any(one.fault for one in found) else 0


def _table(found: Sequence[Difference]) -> Table:
    """One line per scenario, and below it one for each organisation in which somebody gains or
    loses, most first."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("scenario", "change", "organisation"):
        table.add_column(heading, no_wrap=True)
    for effect in EFFECTS:
        table.add_column(effect, justify="right")
    for one in found:
        if one.fault is not None:
            table.add_row(one.scenario_type, one.change, "not known", *("?" for _ in EFFECTS))
            continue
        touched = {id_: people for id_, people in one.organisations.items() if people["gain"] or people["lose"]}
        table.add_row(one.scenario_type, one.change, "all", *_effects(one.people))
        ordered = sorted(touched.items(), key=lambda item: (-item[1]["gain"] - item[1]["lose"], str(item[0])))
        if [*touched] == [None]:
            continue
        for id_, people in ordered[:ORGANISATIONS_LISTED]:
            table.add_row("", "", str(id_ or "none"), *_effects(people))
        if len(ordered) > ORGANISATIONS_LISTED:
            table.add_row("", "", f"… and {len(ordered) - ORGANISATIONS_LISTED:,} more: see --json", "", "", "")
    return table


def _effects(people: Mapping[Effect, int]) -> list[str]:
    return [f"{people.get(effect, 0):,}" for effect in EFFECTS]


def numbers_of(one: Difference) -> dict[str, Any]:
    """One scenario's numbers, whole and by organisation; null where nobody can say."""
    known = one.fault is None

    def counted(people: Mapping[Effect, int]) -> dict[Effect, int | None]:
        return {effect: people.get(effect, 0) if known else None for effect in EFFECTS}

    organisations = sorted(one.organisations.items(), key=lambda item: str(item[0]))
    return {
        "scenario_type": one.scenario_type,
        "change": one.change,
        **counted(one.people),
        "organisations": [{"organisation_id": id_, **counted(people)} for id_, people in organisations],
        "fault": None if known else str(one.fault),
        "held": one.held and str(one.held),
    }
