"""Evaluate and claim, one statement per scenario, highest priority first."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rekindle.engine.cycle import Cycle
from rekindle.engine.deadline import Deadline
from rekindle.engine.guard import together
from rekindle.engine.measured import measured_claim
from rekindle.errors import (
    DatabaseError,
    DatabaseUnreachable,
    HeldByGuard,
    RekindleError,
    SourceError,
    StatementTooSlow,
)
from rekindle.log import log
from rekindle.model import Numbers
from rekindle.ports import Evaluation, Survey

RESERVE_SECONDS = 5.0
"""How long after its deadline a run keeps what it claimed, so that no other run takes a unit during
the last arming."""


LEAST_SHARE_SECONDS = 2.0
"""What a scenario's evaluation has at least, if the run has that much time: with many scenarios, an
equal share could be too short for a sound one."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """The result of the claim stage: the numbers of each scenario, and the faults of the scenarios
    that could not be evaluated."""

    numbers: tuple[Numbers, ...]
    faults: tuple[RekindleError, ...]


async def claim(cycle: Cycle) -> Claimed:
    """Claim, for this run, everyone who is due under one of the scenarios and may be nudged.

    Each scenario is a separate transaction with a share of the time. A scenario that cannot be
    evaluated, or not within its share, is reported and passed over, because a mistake in one view
    must not silence the others. The next run begins with it. A scenario that the guard holds back
    is reported too. New units belong to this run until shortly after its deadline.

    Raises:
        DatabaseUnreachable: the database gave no answer until the deadline.
    """
    numbers: list[Numbers] = []
    faults: list[RekindleError] = []
    survey: Survey | None = None
    waiting = len(cycle.evaluations)
    for evaluation in cycle.evaluations:
        name = evaluation.applied.scenario_type
        share = cycle.deadline.within(
            share_seconds(cycle.deadline, waiting, passed_over=evaluation.applied.passed_over)
            if len(cycle.evaluations) > 1
            else cycle.deadline.left()
        )
        waiting -= 1
        try:
            # Inside the loop, so that each scenario reports a view that cannot be read.
            survey = survey or await cycle.store.survey(cycle.selection, timeout_seconds=share.left())
            with measured_claim(name) as claiming:
                counted = await _claim_ranked(cycle, replace(evaluation, survey=survey), share)
                claiming.set(evaluated=counted.evaluated, claimed=counted.claimed)
        except RekindleError as error:
            fault = await _of_scenario(cycle, name, error)
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


def share_seconds(deadline: Deadline, waiting: int, *, passed_over: bool) -> float:
    """How long the evaluation of the next scenario may take if `waiting` scenarios, this one
    included, are not claimed yet.

    The time until the last send begins is divided among them and the sending. What a scenario does
    not use is left to the others. A scenario has at least two seconds, and one that was passed over
    has half of the time, but none has more than half.
    """
    left = max(0.1, deadline.arm_until - time.monotonic())
    return left / 2 if passed_over else max(left / (waiting + 1), min(left / 2, LEAST_SHARE_SECONDS))  # mutant: share


async def _of_scenario(cycle: Cycle, name: str, fault: RekindleError) -> RekindleError:
    """The fault as one of this scenario.

    Raises:
        DatabaseUnreachable: the database gives no answer at all, which is no scenario's fault.
    """
    if isinstance(fault, HeldByGuard):
        return fault
    if isinstance(fault, DatabaseUnreachable):
        fault = StatementTooSlow(
            f"scenario {name} gave no answer within its share of the time: {fault.message}", hint=fault.hint
        )
    await cycle.store.pass_over(cycle.run_id, name, fault.code)
    return fault


async def _claim_ranked(cycle: Cycle, evaluation: Evaluation, share: Deadline) -> Numbers:
    """Claim one scenario. If a scenario that outranks it cannot be evaluated, or not in half of the
    time, claim it without that one."""
    if not evaluation.outranking:
        return await _claim_one(cycle, evaluation, share)
    try:
        return await _claim_one(cycle, evaluation, share.within(share.left() / 2))
    except (SourceError, DatabaseError) as fault:
        log.warning(
            "scenario.unranked", scenario=evaluation.applied.scenario_type, code=fault.code, error=fault.message
        )
        return await _claim_one(cycle, replace(evaluation, outranking=()), share)


async def _claim_one(cycle: Cycle, evaluation: Evaluation, share: Deadline) -> Numbers:
    terms = replace(evaluation.terms, timeout_seconds=share.left())
    return await cycle.store.claim(
        cycle.run_id,
        replace(evaluation, terms=terms),
        reserved_seconds=cycle.deadline.left() + RESERVE_SECONDS,
        guard=cycle.limits.guard,
    )


def _as_one(faults: Sequence[RekindleError]) -> list[RekindleError]:
    """The faults, with those of the guard combined into one: an operator confirms their sum."""
    held = together([fault for fault in faults if isinstance(fault, HeldByGuard)])
    others = [fault for fault in faults if not isinstance(fault, HeldByGuard)]
    return others if held is None else [held, *others]
