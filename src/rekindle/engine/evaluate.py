"""Evaluate without claiming: what a run would do now, and whether the provider would take the messages."""

import asyncio
import hashlib
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from uuid import UUID, uuid4

from rekindle.engine.claim import in_order, outranking
from rekindle.engine.compose import compose
from rekindle.errors import HeldByGuard, TemplateInvalid
from rekindle.model import Accepted, Candidate, Outcome, Selection, TargetKind, Unit
from rekindle.policy import Guard
from rekindle.ports import Applied, Dispatcher, Evaluation, Store, Terms
from rekindle.render import NotRendered

_CHECKS_AT_ONCE = 100


@dataclass(slots=True)
class Preview:
    """What a run would do for one scenario now, in people; `checks` counts messages by result (dry run only). `held`:
    the guard would hold back those whom it would claim."""

    scenario_type: str
    evaluated: int
    would_claim: int = 0
    refusals: Counter[str] = field(default_factory=Counter[str])
    checks: Counter[str] = field(default_factory=Counter[str])
    held: HeldByGuard | None = None

    @property
    def due(self) -> int:
        """People who meet the scenario's condition now."""
        return self.would_claim + self.refusals.total()

    @property
    def not_due(self) -> int:
        """People who do not."""
        return self.evaluated - self.due

    def add(self, candidate: Candidate) -> None:
        """Count one person."""
        if candidate.refusal is None:
            self.would_claim += 1
        else:
            self.refusals[candidate.refusal] += 1


async def plan(
    store: Store,
    applied: Sequence[Applied],
    selection: Selection,
    *,
    others: Sequence[Applied] = (),
    terms: Terms,
    guard: Guard,
) -> AsyncGenerator[tuple[Preview, Candidate | None]]:
    """Everyone who is due, scenario by scenario as a run would claim them; nothing is written.

    Yields each person with the scenario's preview so far; after the last one of a scenario, the complete preview and
    None. Each scenario is judged as a run would find it after claiming those that go before it.
    """
    evaluated = await store.evaluated(selection)
    ahead = 0
    for one in in_order(applied):
        preview = Preview(one.scenario_type, evaluated)
        own = replace(selection, scenarios=(one.scenario_type,))
        evaluation = Evaluation(one, own, outranking(one, [*applied, *others]), terms)
        async with aclosing(store.candidates(evaluation)) as candidates:
            async for candidate in candidates:
                preview.add(candidate)
                yield preview, candidate
        preview.held = await store.held_back(
            one.scenario_type, preview.would_claim, selection, ahead=ahead, guard=guard
        )
        ahead += 0 if preview.held else preview.would_claim
        yield preview, None


async def dry_run(
    store: Store,
    dispatcher: Dispatcher,
    applied: Sequence[Applied],
    selection: Selection,
    *,
    others: Sequence[Applied] = (),
    terms: Terms,
    guard: Guard,
    timeout_seconds: float,
) -> list[Preview]:
    """Every message that a run would send now was rendered and checked by the provider; nothing was claimed or sent.

    `checks` counts "valid" and, by reason, what would fail.
    """
    by_name = {one.scenario_type: one for one in applied}
    previews: list[Preview] = []
    checks: set[asyncio.Task[None]] = set()
    async with aclosing(plan(store, applied, selection, others=others, terms=terms, guard=guard)) as people:
        async for preview, candidate in people:
            if candidate is None:
                await _all(checks)
                previews.append(preview)
            elif candidate.refusal is None:
                one = by_name[candidate.scenario_type]
                for unit in _units(candidate, one):
                    checks.add(asyncio.create_task(_check(dispatcher, unit, one, preview, timeout_seconds)))
                if len(checks) >= _CHECKS_AT_ONCE:
                    await _all(checks)
    return previews


async def _all(checks: set[asyncio.Task[None]]) -> None:
    await asyncio.gather(*checks)
    checks.clear()


async def _check(dispatcher: Dispatcher, unit: Unit, one: Applied, preview: Preview, timeout_seconds: float) -> None:
    try:
        message = compose(unit, one.scenario)
    except NotRendered as fault:
        preview.checks[fault.reason] += 1
        return
    except TemplateInvalid:
        preview.checks["invalid_template"] += 1
        return
    outcome: Outcome = await dispatcher.validate(message, timeout=timeout_seconds)
    preview.checks["valid" if isinstance(outcome, Accepted) else outcome.reason] += 1


def _units(candidate: Candidate, one: Applied) -> list[Unit]:
    """The units that a claim would make, under a claim id that nobody has."""
    claim_id = uuid4()
    return [unit_of(candidate, one, kind, target, claim_id=claim_id) for kind, target in candidate.devices]


def unit_of(candidate: Candidate, one: Applied, kind: TargetKind, target: str, *, claim_id: UUID) -> Unit:
    """The unit that a claim would make of one device, under a claim id and a key that nobody has."""
    return Unit(
        claim_id=claim_id,
        device_id=UUID(hashlib.sha256(f"{kind}:{target}".encode()).hexdigest()[:32]),
        epoch=0,
        user_id=candidate.user_id,
        scenario_type=one.scenario_type,
        scenario_version=one.version,
        idempotency_key="0" * 64,
        target_kind=kind,
        target=target,
        locale=candidate.locale,
        variables=candidate.variables,
        variant=candidate.variant,
    )
