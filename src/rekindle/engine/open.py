"""Open: sending is possible, and the run has its row. Before this nothing is claimed."""

import asyncio

from rekindle.engine.cycle import Cycle
from rekindle.errors import ProviderUnreachable


async def open_dispatcher(cycle: Cycle) -> None:
    """Sending is possible.

    Raises:
        ProviderError: it is not, or the provider gave no answer within the budget.
    """
    try:
        async with asyncio.timeout(cycle.deadline.left()):
            await cycle.dispatcher.open()
    except TimeoutError:
        raise ProviderUnreachable(
            "the provider gave no answer within the budget", hint="Check the network, and try again later."
        ) from None


async def open_run(cycle: Cycle) -> None:
    """The run has its row, and the caller knows its id.

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
