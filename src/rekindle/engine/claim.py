"""Evaluate and claim, one statement per scenario, most important scenario first."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from rekindle.engine.deadline import Deadline
from rekindle.engine.steady import steadily
from rekindle.errors import HeldByGuard, RekindleError, SourceError, StatementTooSlow
from rekindle.log import log
from rekindle.model import Numbers, Selection
from rekindle.policy import Guard
from rekindle.ports import Applied, Evaluation, Store, Terms

RESERVE_SECONDS = 5.0
"""How long beyond its deadline a run keeps what it claimed, for the last arming to be safe from others."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """What claiming came to: numbers per scenario, and the faults of scenarios that could not be evaluated."""

    numbers: tuple[Numbers, ...]
    faults: tuple[RekindleError, ...]


def in_order(applied: Sequence[Applied]) -> list[Applied]:
    """Scenarios by descending priority, then name: the same order in every process. Critical ones come first of all: no
    cap holds them, so their place is taken whatever the others do."""
    return sorted(applied, key=lambda one: (not one.scenario.critical, -one.scenario.priority, one.scenario_type))


def outranking(one: Applied, others: Sequence[Applied]) -> list[Applied]:
    """Which of the others outrank this one (see `Evaluation.outranking`), highest priority first."""
    if not one.scenario.capped_somewhere or one.scenario.critical:
        return []
    ranked = in_order([*(other for other in others if other.scenario_type != one.scenario_type), one])
    return [other for other in ranked[: ranked.index(one)] if other.scenario.capped_somewhere]


async def claim(
    store: Store,
    run_id: UUID,
    applied: Sequence[Applied],
    selection: Selection,
    *,
    others: Sequence[Applied] = (),
    terms: Terms,
    guard: Guard,
    deadline: Deadline,
) -> Claimed:
    """Everyone who is due under one of the scenarios and may be nudged is claimed for this run.

    Each scenario is a transaction of its own. One whose source cannot be read, or not in the time left, is reported and
    passed over, since a mistake in one view must not silence the others; so is one that the guard holds back. New units
    are this run's until shortly after its deadline.
    """
    numbers: list[Numbers] = []
    faults: list[RekindleError] = []
    for one in in_order(applied):
        try:
            own = replace(selection, scenarios=(one.scenario_type,))
            evaluation = Evaluation(one, own, outranking(one, others), terms)
            counted = await _claim(store, run_id, evaluation, guard=guard, deadline=deadline)
        except (SourceError, StatementTooSlow, HeldByGuard) as fault:
            log.error("scenario.failed", scenario=one.scenario_type, code=fault.code, error=fault.message)
            faults.append(fault)
            continue
        log.info(
            "scenario.claimed",
            scenario=one.scenario_type,
            evaluated=counted.evaluated,
            due=counted.due,
            claimed=counted.claimed,
            refused=dict(counted.refusals),
        )
        numbers.append(counted)
    return Claimed(tuple(numbers), tuple(_as_one(faults)))


def _as_one(faults: Sequence[RekindleError]) -> list[RekindleError]:
    """The faults, all that the guard held back as one: what is to be confirmed is their sum."""
    held = [fault for fault in faults if isinstance(fault, HeldByGuard)]
    if len(held) < 2:
        return list(faults)
    people = sum(fault.people for fault in held)
    together = HeldByGuard(
        f"the guard held back {people:,} people: {'; '.join(fault.message for fault in held)}",
        mend=f"See `rekindle plan`; if they are meant, `rekindle run --confirm {people}` lets them go.",
        people=people,
    )
    return [together, *(fault for fault in faults if fault not in held)]


async def _claim(store: Store, run_id: UUID, evaluation: Evaluation, *, guard: Guard, deadline: Deadline) -> Numbers:
    """One scenario is claimed. If one that outranks it cannot be evaluated, the scenario does not wait for that."""

    async def attempt(evaluation: Evaluation) -> Numbers:
        return await steadily(
            lambda: store.claim(
                run_id,
                replace(evaluation, terms=replace(evaluation.terms, timeout_seconds=deadline.left())),
                reserved_seconds=deadline.left() + RESERVE_SECONDS,
                guard=guard,
            ),
            deadline,
        )

    try:
        return await attempt(evaluation)
    except SourceError as fault:
        if not evaluation.outranking:
            raise
        log.warning(
            "scenario.unranked", scenario=evaluation.applied.scenario_type, code=fault.code, error=fault.message
        )
        return await attempt(replace(evaluation, outranking=()))
