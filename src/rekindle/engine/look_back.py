"""Look back: whether people came back after earlier pushes, once that is known."""

from rekindle.engine.cycle import Cycle
from rekindle.errors import RekindleError
from rekindle.log import log
from rekindle.ports import OwnOutcome

BATCH = 2_000
"""Pushes per scenario that one statement looks back at."""


async def look_back(cycle: Cycle) -> None:
    """Decide the outcome of pushes whose horizon is over, as long as half of the budget is left.

    Nothing that is sent depends on it. A fault of one outcome is logged and ends it, the others go
    on, and the next run tries again. A run for one person does not look back.
    """
    if cycle.selection.user_id is not None:
        return
    await _look_back(cycle, None)
    if _spare_seconds(cycle) <= 0:  # also: the ledger did not answer any more
        return
    try:
        outcomes = await cycle.store.outcomes_over()
    except RekindleError as fault:
        _log(fault)
        return
    for outcome in outcomes:
        await _look_back(cycle, outcome)


async def _look_back(cycle: Cycle, outcome: OwnOutcome | None) -> None:
    try:
        while (seconds := _spare_seconds(cycle)) > 0:
            looked_back = await cycle.store.look_back(
                timezone=cycle.limits.timezone, limit=BATCH, timeout_seconds=max(0.1, seconds), outcome=outcome
            )
            if looked_back < BATCH:
                return
    except RekindleError as fault:
        _log(fault)  # mutant: the-others-go-on


def _spare_seconds(cycle: Cycle) -> float:
    """How long a run may still look back."""
    return cycle.deadline.left() - cycle.limits.budget_seconds / 2


def _log(fault: RekindleError) -> None:
    log.warning("look_back.failed", code=fault.code, message=fault.message)
