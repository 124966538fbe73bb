"""Look back: whether people came back after earlier pushes, once that is known."""

from rekindle.engine.cycle import Cycle
from rekindle.errors import RekindleError
from rekindle.log import log

BATCH = 2_000
"""Pushes per scenario that one statement looks back at."""


async def look_back(cycle: Cycle) -> None:
    """Decide the outcome of pushes whose horizon is over, as long as half of the budget is left.

    Nothing that is sent depends on it. A fault is logged and ends it, and the next run goes on. A
    run for one person does not look back.
    """
    if cycle.selection.user_id is not None:
        return
    spare = cycle.limits.budget_seconds / 2
    try:
        while (seconds := cycle.deadline.left() - spare) > 0:
            looked_back = await cycle.store.look_back(
                timezone=cycle.limits.timezone, limit=BATCH, timeout_seconds=max(0.1, seconds)
            )
            if looked_back < BATCH:
                return
    except RekindleError as fault:
        log.warning("look_back.failed", code=fault.code)
