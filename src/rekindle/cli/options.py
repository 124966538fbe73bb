"""What commands have in common: options, settings, configuration, signals."""

import asyncio
import functools
import signal
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ParamSpec
from uuid import UUID

import typer

from rekindle.configuration import load_config
from rekindle.errors import BadArgument
from rekindle.policy import parse_duration
from rekindle.scenario import Config
from rekindle.settings import Settings

P = ParamSpec("P")

ConfigPath = Annotated[
    Path | None, typer.Option("--config", help="The configuration file (REKINDLE_CONFIG, else rekindle.toml).")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of tables.")]
Scenarios = Annotated[list[str] | None, typer.Option("--scenario", help="Only this scenario; may be repeated.")]
Organisations = Annotated[
    list[str] | None, typer.Option("--organisation", help="Only this organisation's recipients; may be repeated.")
]

Rows = Annotated[int, typer.Option("--limit", min=1, max=10_000, help="How many to list, newest first.")]


@dataclass(slots=True)
class Invocation:
    """The options before the command."""

    debug: bool = False


INVOCATION = Invocation()


def settings() -> Settings:
    """The environment's settings."""
    return Settings()


def config(path: Path | None) -> Config:
    """The configuration that --config, REKINDLE_CONFIG or the folder names."""
    return load_config(path or settings().config)


def ids(values: list[str] | None) -> list[UUID]:
    """UUIDs out of arguments.

    Raises:
        BadArgument: one is not a UUID.
    """
    found: list[UUID] = []
    for value in values or []:
        try:
            found.append(UUID(value))
        except ValueError:
            raise BadArgument(f"{value[:80]!r} is not an id", hint="Ids are UUIDs.") from None
    return found


def one_id(value: str | None) -> UUID | None:
    """The UUID of an argument, if it was given. Raises as `ids`."""
    return None if value is None else ids([value])[0]


def seconds(value: str | None) -> float | None:
    """Seconds out of a duration argument.

    Raises:
        BadArgument: it is not a duration.
    """
    if value is None:
        return None
    try:
        return float(parse_duration(value))
    except ValueError as error:
        raise BadArgument(str(error)) from None


def async_command(command: Callable[P, Coroutine[Any, Any, int | None]]) -> Callable[P, None]:
    """A command that Typer can call: it runs the coroutine to its end and leaves with the exit
    code that it returns."""

    @functools.wraps(command)
    def run(*arguments: P.args, **options: P.kwargs) -> None:
        code = asyncio.run(command(*arguments, **options))
        if code:
            raise typer.Exit(code)

    return run


def stop_on_signals() -> asyncio.Event:
    """An event that SIGINT and SIGTERM set, so that a run ends in good order; a second one ends
    it at once."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def set_once(number: int) -> None:
        stop.set()
        loop.remove_signal_handler(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):
            loop.add_signal_handler(number, set_once, number)
    return stop
