"""A past for the sample programme: the ledger's clock is set back, runs happen, and some of the
people come back. For a temporary database alone."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from importlib import resources
from typing import Any, LiteralString, cast

from rekindle.postgres.pool import execute_all

NUDGED, HELD_OUT = 78, 20
"""Of 100 people of each arm, how many come back within two weeks."""


class History:
    """The clock of the ledger, as long as `past` lasts."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def at(self, days: int) -> None:
        """From now on it is so many days ago."""
        await self._execute("clock_back", {"days": days})

    async def come_back(self) -> None:
        """Some of those who were claimed are active again."""
        await self._execute("come_back", {"nudged": NUDGED, "held_out": HELD_OUT})

    async def _execute(self, name: str, parameters: Mapping[str, Any] | None) -> None:
        await execute_all(self._url, [(_text(name), parameters)])


@asynccontextmanager
async def past(url: str) -> AsyncGenerator[History]:
    """The database's ledger can be set back in the block. The login must own it."""
    await execute_all(url, [(_text("clock"), None)])
    try:
        yield History(url)
    finally:
        await execute_all(url, [(_text("clock_end"), None)])


def _text(name: str) -> LiteralString:
    text = resources.files("rekindle.sample").joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")
    # The text is from this package, so it is as safe as a literal.
    return cast("LiteralString", text)
