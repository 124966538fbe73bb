"""The commands `erase` and `export`: a person's rights over their own data."""

import sys
from contextlib import aclosing
from pathlib import Path
from typing import Annotated

import typer

from rekindle.app import Engine
from rekindle.cli.files import whole_file
from rekindle.cli.options import AsJson, async_command, settings
from rekindle.cli.output import print_json, say, write
from rekindle.engine.conditions import moment
from rekindle.errors import BadArgument
from rekindle.ports import Erased

User = Annotated[str, typer.Argument(metavar="USER", help="The person's user_id or external_id.")]


@async_command
async def erase(
    user: User,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Also erase an active recipient.")] = False,
    as_json: AsJson = False,
) -> None:
    """Delete everything that the ledger has about a person.

    Remove them from your tables first. Cooldowns are forgotten too, so a person who is still a
    recipient may get a push again at once.
    """
    if not (yes or _asked_to_erase()):
        return
    async with Engine.open(settings()) as engine:
        erased = await engine.erase(await engine.person(user), force=force)
    if as_json:
        print_json(erased_json(erased))
        return
    for line in _lines(erased):
        say(line)


@async_command
async def export(
    user: User,
    output: Annotated[
        Path | None, typer.Option("--output", metavar="FILE", help="Write to this file, which only you may read.")
    ] = None,
) -> None:
    """Print all that the ledger has about a person, as JSON.

    It has no device token: your own tables have it.
    """
    async with Engine.open(settings()) as engine, aclosing(engine.export(await engine.person(user))) as pieces:
        if output is None:
            async for piece in pieces:
                write(piece)
            return
        with whole_file(output, "export", "--output") as file:
            async for piece in pieces:
                file.write(piece)


def erased_json(erased: Erased) -> dict[str, object]:
    """The result of an erasure, without the person."""
    return {
        "rows": dict(erased.rows),
        "withdrawn": erased.withdrawn,
        "under_way": erased.under_way,
        "may_arrive_until": erased.may_arrive_until,
        "still_recipient": erased.still_recipient,
    }


def _lines(erased: Erased) -> list[str]:
    if not erased.total:
        return ["The ledger has nothing about this person."]
    tables = ", ".join(f"{table} {rows:,}" for table, rows in erased.rows.items() if rows)
    lines = [f"Erased {erased.total:,} row(s): {tables}."]
    if erased.withdrawn:
        lines.append(f"{erased.withdrawn:,} push(es) that waited will not be sent.")
    if erased.under_way:
        lines.append(
            f"{erased.under_way:,} push(es) may have been accepted, or may be accepted yet. Nothing records it."
        )
    if erased.may_arrive_until is not None:
        lines.append(f"A push that the provider has accepted may arrive until {moment(erased.may_arrive_until)}.")
    if erased.still_recipient:
        lines.append(
            "The person is still an active recipient and may be claimed again at once. Remove them from "
            "rekindle_source.recipient, then erase them again."
        )
    return lines


def _asked_to_erase() -> bool:
    """Ask on a terminal whether to erase.

    Raises:
        BadArgument: there is no terminal, so nobody can answer.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise BadArgument("an erasure cannot be undone", hint="Add --yes if it is meant.")
    return typer.confirm("This deletes everything that the ledger has about the person. Continue?")
