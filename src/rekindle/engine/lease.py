"""The lease of a run: its row says every few seconds that its process is alive."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

from rekindle import policy
from rekindle.engine.cycle import Cycle
from rekindle.errors import RekindleError


@asynccontextmanager
async def renewed_lease(cycle: Cycle) -> AsyncGenerator[None]:
    """Renew the run's lease every `SEEN_EVERY_SECONDS` while the block runs.

    A renewal that fails is not an error: the next one counts as well. If the lease is lost, another
    run may begin under the same key. This one then harms nothing, because the epoch of each unit
    decides which of the two may send it.
    """
    renewing = asyncio.create_task(_renew(cycle), name="rekindle-lease")
    try:
        yield
    finally:
        renewing.cancel()
        with suppress(asyncio.CancelledError):
            await renewing


async def _renew(cycle: Cycle) -> None:
    task = asyncio.current_task()
    # A library may lose a cancellation. Without the second look, the run would then never end.
    while task is not None and not task.cancelling():  # mutant: lost-cancellation
        await asyncio.sleep(policy.SEEN_EVERY_SECONDS)
        with suppress(RekindleError, TimeoutError):
            async with asyncio.timeout(policy.SEEN_EVERY_SECONDS):
                await cycle.store.seen(cycle.run_id)
