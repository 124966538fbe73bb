"""The commands `send` and `sends`: test pushes."""

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from rekindle.app import Engine
from rekindle.cli.options import AsJson, ConfigPath, Rows, async_command, config, settings
from rekindle.cli.output import WIDE, Table, console, print_json, say
from rekindle.cli.people import People
from rekindle.cli.places import Places
from rekindle.documents import people_of, places_of, test_document
from rekindle.errors import BadArgument
from rekindle.model import Names, SentAsTest
from rekindle.ports import Filter

MOST_AT_ONCE = 5
_STANDARD_INPUT = "-"
_CHANGES_NOTHING = "It changes nothing for the next run: no cooldown, cap or occurrence, and no record."


@async_command
async def send(
    user: Annotated[
        list[str], typer.Option("--user", metavar="USER", help="With the data of this person; may be repeated.")
    ],
    scenario: Annotated[str, typer.Option("--scenario", metavar="NAME", help="The text of this scenario.")],
    test: Annotated[bool, typer.Option("--test", help="Required: only test pushes are sent by hand.")] = False,
    token: Annotated[
        str | None,
        typer.Option("--token", metavar="TOKEN", help="To this device token instead; - reads it from standard input."),
    ] = None,
    text: Annotated[
        str | None, typer.Option("--text", metavar="TEXT", help="One of the scenario's texts, if it has several.")
    ] = None,
    config_path: ConfigPath = None,
    as_json: AsJson = False,
) -> int:
    """Send one test push, to see a text on a device.

    It goes to the device that the person registered last, or to a token of yours, once, marked as a
    test. No cooldown, cap or quiet hour stops it, and it changes none.
    """
    if not test:
        raise BadArgument(
            "only test pushes are sent by hand",
            hint="Add --test, or run the person by every rule: `rekindle run --user`.",
        )
    people = list(dict.fromkeys(user))
    if len(people) > MOST_AT_ONCE:
        raise BadArgument(f"{len(people)} test pushes at once are too many", hint=f"Name at most {MOST_AT_ONCE}.")
    if token == _STANDARD_INPUT:
        token = sys.stdin.readline().strip()
    sent: list[SentAsTest] = []
    async with Engine.open(settings(), config(config_path)) as engine:
        try:
            for given in people:
                one = await engine.send_test(await engine.person(given), scenario, token=token, text=text)
                sent.append(one)
                if not as_json:
                    _tell(one)
        finally:
            if as_json and (sent or len(people) == 1):
                names = await engine.names(places_of(sent), people_of(sent)) if sent else Names()
                print_json([test_document(each, names) for each in sent])
    return 0 if all(one.outcome == "accepted" for one in sent) else 1


@async_command
async def sends(limit: Rows = 100, as_json: AsJson = False) -> None:
    """List test pushes, newest first."""
    async with Engine.open(settings()) as engine:
        sent = await engine.tests_sent(Filter(limit=limit))
        names = await engine.names(places_of(sent), people_of(sent))
    if as_json:
        print_json([test_document(one, names) for one in sent])
    elif sent:
        console(WIDE).print(_table(sent, People(names), Places(names, places_of(sent))))
    else:
        say("No test push was sent yet.")


def _tell(one: SentAsTest) -> None:
    """Print what became of a test push."""
    to = "the token that you gave" if one.device_id is None else f"device {one.device_id}"
    say(f"Test push {one.test_id} to {to}: {_ending(one)}.")
    if one.hint:
        say(one.hint)
    if one.outcome == "unknown":
        say("It may arrive. It is not sent again.")
    if not one.due:
        names = f", so these have sample values: {', '.join(one.samples)}" if one.samples else ""
        say(f"The person is not due{names}.")
    say(_CHANGES_NOTHING)


def _ending(one: SentAsTest) -> str:
    return f"{one.outcome} ({one.reason})" if one.reason else f"{one.outcome} by the provider"


def _table(sent: Sequence[SentAsTest], people: People, where: Places) -> Table:
    """One row per test push."""
    table = Table()
    for heading in ("test", "person", "organisation", "scenario", "sent at", "by", "to", "outcome"):
        table.add_column(heading, no_wrap=True)
    for one in sent:
        to = "a given token" if one.device_id is None else str(one.device_id)
        at = f"{one.sent_at:%Y-%m-%d %H:%M:%S}"
        table.add_row(
            str(one.test_id),
            people.person(one.user_id),
            where.optional(one.organisation_id),
            one.scenario_type,
            at,
            one.sent_by,
            to,
            _ending(one),
        )
    return table
