"""What commands have in common: options, settings, configuration, signals."""

import asyncio
import signal
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar
from uuid import UUID

import typer

from rekindle.configuration import load_config
from rekindle.errors import BadArgument
from rekindle.policy import parse_duration
from rekindle.scenario import Config
from rekindle.settings import Settings

T = TypeVar("T")

ConfigPath = Annotated[
    Path | None, typer.Option("--config", help="The configuration file (REKINDLE_CONFIG, else rekindle.toml).")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of tables.")]
Scenarios = Annotated[list[str] | None, typer.Option("--scenario", help="Only this scenario; may be repeated.")]
Organisations = Annotated[
    list[str] | None, typer.Option("--organisation", help="Only this organisation's recipients; may be repeated.")
]


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
            raise BadArgument(f"{value[:80]!r} is not an id", mend="Ids are UUIDs.") from None
    return found


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


def wait(work: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine, run to its end."""
    return asyncio.run(work)


def stop_on_signals() -> asyncio.Event:
    """An event that SIGINT and SIGTERM set, so that a run ends in good order; a second one ends it at once."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def set_once(number: int) -> None:
        stop.set()
        loop.remove_signal_handler(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):
            loop.add_signal_handler(number, set_once, number)
    return stop
