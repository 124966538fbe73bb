"""Open: prove that sending is possible, and write the run's row. Nothing is claimed before this."""

import asyncio

from rekindle.engine.cycle import Cycle
from rekindle.errors import ProviderUnreachable


async def open_dispatcher(cycle: Cycle) -> None:
    """Open the dispatcher, so that sending is possible.

    Raises:
        ProviderError: sending is not possible, or the provider gave no answer within the budget.
    """
    try:
        async with asyncio.timeout(cycle.deadline.left()):
            await cycle.dispatcher.open()
    except TimeoutError:
        raise ProviderUnreachable(
            "the provider gave no answer within the budget", hint="Check the network, and try again later."
        ) from None


async def open_run(cycle: Cycle) -> None:
    """Write the run's row, and tell the caller its id.

    Raises:
        KeyTaken: there is a run that was asked for under the same key.
    """
    await cycle.store.open_run(
        budget_seconds=cycle.limits.budget_seconds,
        dispatcher=cycle.dispatcher.kind,
        run_id=cycle.run_id,
        asked=cycle.caller.asked,
    )
    cycle.caller.watch.opened(cycle.run_id)
