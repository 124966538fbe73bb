"""Shared by all commands: options, settings, configuration and signals."""

import asyncio
import functools
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, ParamSpec
from uuid import UUID

import typer

from rekindle.app import Engine
from rekindle.configuration import configured, load_config
from rekindle.errors import BadArgument
from rekindle.policy import parse_duration, valid_key
from rekindle.scenario import Config
from rekindle.settings import Settings
from rekindle.signals import end_in_order

P = ParamSpec("P")

ConfigPath = Annotated[
    Path | None, typer.Option("--config", metavar="PATH", help="Configuration (REKINDLE_CONFIG, else rekindle.toml).")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Scenarios = Annotated[
    list[str] | None, typer.Option("--scenario", metavar="NAME", help="Only this scenario; may be repeated.")
]
Organisations = Annotated[
    list[str] | None, typer.Option("--organisation", metavar="UUID", help="Only this organisation; may be repeated.")
]

Rows = Annotated[int, typer.Option("--limit", min=1, max=10_000, metavar="N", help="Rows, newest first.")]


@dataclass(slots=True)
class Invocation:
    """The options that come before the command."""

    debug: bool = False


INVOCATION = Invocation()


def settings() -> Settings:
    """Read the settings from the environment."""
    return Settings()


def config(path: Path | None) -> Config:
    """Load the configuration from --config, else REKINDLE_CONFIG, else rekindle.toml."""
    return load_config(path, called="the file that --config names") if path else configured(settings())


def ids(named: str, values: list[str] | None) -> list[UUID]:
    """Parse the values of the argument `named` as UUIDs.

    Raises:
        BadArgument: a value is not a UUID.
    """
    found: list[UUID] = []
    for value in values or []:
        try:
            found.append(UUID(value))
        except ValueError:
            # It is not quoted: people look for a person by a device token, too.
            raise BadArgument(f"{named} is not a valid id", hint="Give a UUID.") from None
    return found


def one_id(named: str, value: str | None) -> UUID | None:
    """Parse an optional argument as a UUID. Raises the errors of `ids`."""
    return None if value is None else ids(named, [value])[0]


async def one_person(engine: Engine, value: str | None) -> UUID | None:
    """Look up an optional person by their user_id or external_id. Raises the errors of
    `Engine.person`."""
    return None if value is None else await engine.person(value)


def instant(option: str, value: str | None) -> datetime | None:
    """Parse an optional moment with its time zone, in UTC.

    Raises:
        BadArgument: it is not a moment, or has no time zone.
    """
    if value is None:
        return None
    hint = "Write the day, the time and the offset: 2026-12-24T09:00+01:00, or 2026-12-24T08:00Z."
    try:
        said = datetime.fromisoformat(value)
        if said.tzinfo is None:
            raise BadArgument(f"{option} has no time zone", hint=hint)
        return said.astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadArgument(f"{option} is not a moment", hint=hint) from None


def seconds(value: str | None, option: str = "--budget") -> float | None:
    """Parse an optional duration argument into seconds.

    Raises:
        BadArgument: the argument is not a valid duration.
    """
    if value is None:
        return None
    try:
        return float(parse_duration(value))
    except ValueError as error:
        raise BadArgument(f"{option} {error}") from None


def run_key(value: str) -> str:
    """Check the name of a run.

    Raises:
        BadArgument: it is not a valid name.
    """
    try:
        return valid_key(value)
    except ValueError as error:
        raise BadArgument(str(error), hint="Use the name that your scheduler gives the run.") from None


def async_command(command: Callable[P, Coroutine[Any, Any, int | None]]) -> Callable[P, None]:
    """Make a command that Typer can call. It runs the coroutine and exits with the code that it
    returns."""

    @functools.wraps(command)
    def run(*arguments: P.args, **options: P.kwargs) -> None:
        code = asyncio.run(command(*arguments, **options))
        if code:
            raise typer.Exit(code)

    return run


def stop_on_signals() -> asyncio.Event:
    """Make an event that a signal sets, so that a run can end in an orderly way; see
    `rekindle.signals.end_in_order`."""
    stop = asyncio.Event()
    end_in_order(stop)
    return stop
