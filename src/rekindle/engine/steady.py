"""A ledger that restarts is waited for; how long depends on the run's deadline."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from rekindle.engine.deadline import Deadline
from rekindle.errors import DatabaseUnreachable
from rekindle.log import log

T = TypeVar("T")
_PAUSE_SECONDS = 0.25


async def steadily(call: Callable[[], Awaitable[T]], deadline: Deadline) -> T:
    """The result of a call to the ledger, made again while the database does not answer and time is left.

    Only for calls that may be repeated after an unclear failure: reads, and writes that their fence or their key
    makes harmless the second time. A call that is still without an answer at the deadline is left.

    Raises:
        DatabaseUnreachable: the deadline came first.
    """
    told = False
    while True:
        try:
            return await answered(call, deadline.patience())
        except DatabaseUnreachable as fault:
            if deadline.left() <= 1.0:
                raise
            if not told:
                log.warning("database.lost", code=fault.code, seconds_left=round(deadline.left(), 1))
                told = True
            await asyncio.sleep(_PAUSE_SECONDS)


async def answered(call: Callable[[], Awaitable[T]], seconds: float) -> T:
    """The result of a call to the ledger, which may take so long.

    Raises:
        DatabaseUnreachable: it took longer, and was left: what it did is unclear.
    """
    limit = asyncio.timeout(seconds)
    try:
        async with limit:
            return await call()
    except TimeoutError:
        if not limit.expired():
            raise
        raise DatabaseUnreachable(
            f"the database gave no answer for {seconds:.1f} s", mend="Look for what stands between it and this machine."
        ) from None
