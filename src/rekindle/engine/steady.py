"""A ledger that restarts is waited for; how long depends on the run's deadline."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from rekindle.engine.deadline import Deadline
from rekindle.errors import DatabaseUnreachable

log = structlog.stdlib.get_logger("rekindle")

T = TypeVar("T")
_PAUSE_SECONDS = 0.25


async def steadily(call: Callable[[], Awaitable[T]], deadline: Deadline) -> T:
    """The result of a call to the ledger, made again while the database does not answer and time is left.

    Only for calls that may be repeated after an unclear failure: reads, and writes that their fence or their key
    makes harmless the second time.

    Raises:
        DatabaseUnreachable: the deadline came first.
    """
    told = False
    while True:
        try:
            return await call()
        except DatabaseUnreachable as fault:
            if deadline.left() <= 1.0:
                raise
            if not told:
                log.warning("database.lost", code=fault.code, seconds_left=round(deadline.left(), 1))
                told = True
            await asyncio.sleep(_PAUSE_SECONDS)
