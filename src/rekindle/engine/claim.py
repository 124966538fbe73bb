"""Evaluate and claim, one statement per scenario, highest priority first."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rekindle.engine.cycle import Cycle
from rekindle.engine.guard import together
from rekindle.errors import HeldByGuard, RekindleError, SourceError, StatementTooSlow
from rekindle.log import log
from rekindle.model import Numbers
from rekindle.ports import Evaluation, Survey

RESERVE_SECONDS = 5.0
"""How long after its deadline a run keeps what it claimed, so that no other run takes a unit during
the last arming."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """The result of the claim stage: the numbers of each scenario, and the faults of the scenarios
    that could not be evaluated."""

    numbers: tuple[Numbers, ...]
    faults: tuple[RekindleError, ...]


async def claim(cycle: Cycle) -> Claimed:
    """Claim, for this run, everyone who is due under one of the scenarios and may be nudged.

    Each scenario is a separate transaction. A scenario is reported and skipped if its source cannot
    be read, or not in the time left, because a mistake in one view must not silence the others. So
    is one that the guard holds back. New units belong to this run until shortly after its deadline.
    """
    numbers: list[Numbers] = []
    faults: list[RekindleError] = []
    survey: Survey | None = None
    for evaluation in cycle.evaluations:
        name = evaluation.applied.scenario_type
        try:
            # Inside the loop, so that each scenario reports a view that cannot be read.
            survey = survey or await cycle.store.survey(cycle.selection, timeout_seconds=cycle.deadline.left())
            counted = await _claim_ranked(cycle, replace(evaluation, survey=survey))
        except (SourceError, StatementTooSlow, HeldByGuard) as fault:
            log.error("scenario.failed", scenario=name, code=fault.code, error=fault.message)
            faults.append(fault)
            continue
        log.info(
            "scenario.claimed",
            scenario=name,
            evaluated=counted.evaluated,
            due=counted.due,
            claimed=counted.claimed,
            refused=dict(counted.refusals),
        )
        numbers.append(counted)
    cycle.caller.watch.claimed(numbers)
    return Claimed(tuple(numbers), tuple(_as_one(faults)))


async def _claim_ranked(cycle: Cycle, evaluation: Evaluation) -> Numbers:
    """Claim one scenario. If a scenario that outranks it cannot be evaluated, claim it without that
    one."""
    try:
        return await _claim_one(cycle, evaluation)
    except SourceError as fault:
        if not evaluation.outranking:
            raise
        log.warning(
            "scenario.unranked", scenario=evaluation.applied.scenario_type, code=fault.code, error=fault.message
        )
        return await _claim_one(cycle, replace(evaluation, outranking=()))


async def _claim_one(cycle: Cycle, evaluation: Evaluation) -> Numbers:
    seconds = cycle.deadline.left() + RESERVE_SECONDS
    return await cycle.store.claim(cycle.run_id, evaluation, reserved_seconds=seconds, guard=cycle.limits.guard)


def _as_one(faults: Sequence[RekindleError]) -> list[RekindleError]:
    """The faults, with those of the guard combined into one: an operator confirms their sum."""
    held = together([fault for fault in faults if isinstance(fault, HeldByGuard)])
    others = [fault for fault in faults if not isinstance(fault, HeldByGuard)]
    return others if held is None else [held, *others]
