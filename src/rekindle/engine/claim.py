"""Evaluate and claim, one statement per scenario, most important scenario first."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rekindle.engine.cycle import Cycle
from rekindle.errors import HeldByGuard, RekindleError, SourceError, StatementTooSlow
from rekindle.log import log
from rekindle.model import Numbers
from rekindle.ports import Evaluation, Survey

RESERVE_SECONDS = 5.0
"""How long beyond its deadline a run keeps what it claimed, for the last arming to be safe from
others."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """What claiming came to: numbers per scenario, and the faults of scenarios that could not be
    evaluated."""

    numbers: tuple[Numbers, ...]
    faults: tuple[RekindleError, ...]


async def claim(cycle: Cycle) -> Claimed:
    """Everyone who is due under one of the scenarios and may be nudged is claimed for this run.

    Each scenario is a transaction of its own. One whose source cannot be read, or not in the time
    left, is reported and passed over, since a mistake in one view must not silence the others; so
    is one that the guard holds back. New units are this run's until shortly after its deadline.
    """
    numbers: list[Numbers] = []
    faults: list[RekindleError] = []
    survey: Survey | None = None
    for evaluation in cycle.evaluations:
        name = evaluation.applied.scenario_type
        try:
            # In the loop, so that a view that cannot be read is the fault of each scenario.
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
    """One scenario is claimed. If one that outranks it cannot be evaluated, the scenario does
    not wait for that."""
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
    """The faults, all that the guard held back as one: what is to be confirmed is their sum."""
    held = [fault for fault in faults if isinstance(fault, HeldByGuard)]
    if len(held) < 2:
        return list(faults)
    people = sum(fault.people for fault in held)
    together = HeldByGuard(
        f"the guard held back {people:,} people: {'; '.join(fault.message for fault in held)}",
        hint=f"See `rekindle plan`; if they are meant, `rekindle run --confirm {people}` lets them go.",
        people=people,
    )
    return [together, *(fault for fault in faults if fault not in held)]
