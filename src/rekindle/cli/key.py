"""The commands `key create`, `key list` and `key revoke`."""

import dataclasses
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from rekindle.access import Scope, valid_key_name
from rekindle.app import Engine
from rekindle.cli.options import AsJson, Organisations, async_command, ids, settings
from rekindle.cli.output import WIDE, Table, complain, console, print_json, say
from rekindle.cli.places import Places, places
from rekindle.documents import organisations_document
from rekindle.errors import BadArgument
from rekindle.model import Place
from rekindle.policy import parse_duration
from rekindle.ports import ApiKey, Grant

Name = Annotated[str, typer.Argument(metavar="NAME", help="Its name, such as ci or on-call.")]


@async_command
async def create(
    name: Name,
    scope: Annotated[Scope, typer.Option("--scope", metavar="SCOPE", help="read, operate or admin.")],
    organisation: Organisations = None,
    expires: Annotated[
        str | None,
        typer.Option("--expires", metavar="DURATION", help="How long it is valid, such as 90d.", show_default="never"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Create a key for the HTTP API and print it.

    It is shown only now: the database has its digest. With --organisation, it sees and touches
    those organisations alone.
    """
    grant = Grant(_name(name), scope, tuple(ids("--organisation", organisation)), _seconds(expires))
    async with Engine.open(settings()) as engine:
        created = await engine.create_key(grant)
        where = await places(engine, _places([created.key]))
    if as_json:
        print_json({**_json(created.key, where), "secret": created.secret})
    else:
        say(created.secret)
        complain(f"Keep it now: the key {name} is not shown again.")


@async_command
async def show(as_json: AsJson = False) -> None:
    """List the keys: what each allows, its last use, its end."""
    async with Engine.open(settings()) as engine:
        keys = await engine.keys()
        where = await places(engine, _places(keys))
    if as_json:
        print_json([_json(one, where) for one in keys])
    elif keys:
        console(WIDE).print(_table(keys, where))
    else:
        say("There are no keys.")


@async_command
async def revoke(name: Name) -> None:
    """Revoke a key: from now on, no request is answered with it."""
    async with Engine.open(settings()) as engine:
        revoked = await engine.revoke_key(_name(name))
    say(f"The key {name} is revoked." if revoked else f"The key {name} was revoked before.")


def _name(text: str) -> str:
    try:
        return valid_key_name(text)
    except ValueError as error:
        raise BadArgument(str(error)) from None


def _seconds(text: str | None) -> int | None:
    try:
        return None if text is None else parse_duration(text)
    except ValueError as error:
        raise BadArgument(f"--expires {error}") from None


def _places(keys: Sequence[ApiKey]) -> list[Place]:
    return [Place(organisation_id) for one in keys for organisation_id in one.organisations]


def _json(key: ApiKey, where: Places) -> dict[str, Any]:
    named = organisations_document(key.organisations, where.names)
    return {**dataclasses.asdict(key), **named, "state": key.state(datetime.now(UTC))}


def _table(keys: Sequence[ApiKey], where: Places) -> Table:
    """One row per key."""
    table = Table()
    for heading in ("name", "scope", "organisations", "state", "created", "by", "expires", "last used"):
        table.add_column(heading, no_wrap=heading != "organisations")
    now = datetime.now(UTC)
    for one in keys:
        table.add_row(
            one.name,
            one.scope,
            ", ".join(map(where.organisation, one.organisations)) or "all",
            one.state(now),
            _moment(one.created_at),
            one.created_by,
            _moment(one.expires_at),
            _moment(one.last_used_at),
        )
    return table


def _moment(instant: datetime | None) -> str:
    return "-" if instant is None else f"{instant:%Y-%m-%d %H:%M}"
