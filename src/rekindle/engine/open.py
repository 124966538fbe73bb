"""Open: write the run's row, and prove that sending is possible. Nothing is claimed before this."""

import asyncio

from rekindle.engine.cycle import Cycle
from rekindle.errors import Disposition, ProviderError, ProviderUnreachable, TargetsRejected
from rekindle.model import Outcome, Refused


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


def unusable(outcome: Outcome) -> ProviderError | None:
    """The fault that every message meets, if the answer to one of them says so."""
    if not isinstance(outcome, Refused):
        return None
    if outcome.reason == "not_found":
        return TargetsRejected("the provider does not know the project of these credentials", hint=outcome.hint)
    if outcome.disposition is not Disposition.HALT:
        return None
    kinds = {kind.code: kind for kind in ProviderError.__subclasses__()}
    return kinds.get(outcome.error_code, ProviderError)(hint=outcome.hint)


async def open_run(cycle: Cycle) -> None:
    """Write the run's row.

    Raises:
        KeyTaken: a run that was asked for under the same key is alive or has ended.
    """
    await cycle.store.open_run(
        budget_seconds=cycle.limits.budget_seconds,
        dispatcher=cycle.dispatcher.kind,
        run_id=cycle.run_id,
        asked=cycle.caller.asked,
        selection=cycle.selection,
        started_by=cycle.caller.started_by,
        started=cycle.caller.started,
    )
