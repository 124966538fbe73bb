"""Plan and dry run: which people a run would claim now, and whether the provider would take its
messages. Nothing is written."""

import asyncio
import hashlib
from collections import Counter
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from uuid import UUID, uuid4

from rekindle.engine.compose import Composer
from rekindle.engine.guard import GuardPreview
from rekindle.engine.open import unusable
from rekindle.errors import (
    DatabaseError,
    DatabaseUnreachable,
    HeldByGuard,
    ProviderError,
    RekindleError,
    SourceError,
    TemplateInvalid,
)
from rekindle.model import Accepted, Candidate, Outcome, TargetKind, Unit
from rekindle.policy import Guard
from rekindle.ports import Applied, Dispatcher, Evaluation, Store
from rekindle.render import NotRendered

_CHECKS_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Preview:
    """What a run would do for one scenario now, in people. `held_out` of those that it would claim
    get no push, because of a trial. `checks` counts messages by result (dry run only). `held`: the
    guard would hold back the people that the run would claim. `fault`: the scenario cannot be
    evaluated, and a run would pass it over."""

    scenario_type: str
    evaluated: int
    would_claim: int = 0
    held_out: int = 0
    refusals: Mapping[str, int] = field(default_factory=dict[str, int])
    checks: Mapping[str, int] = field(default_factory=dict[str, int])
    held: HeldByGuard | None = None
    fault: RekindleError | None = None

    @property
    def due(self) -> int:
        """People who meet the scenario's condition now."""
        return self.would_claim + sum(self.refusals.values())

    @property
    def not_due(self) -> int:
        """People who do not meet it."""
        return self.evaluated - self.due


async def plan(store: Store, evaluations: Sequence[Evaluation], *, guard: Guard) -> AsyncGenerator[Candidate | Preview]:
    """Everyone who is due, scenario by scenario in the order of a run. Nothing is written.

    Yields each person, and after the last one of a scenario its preview. Each scenario is judged as
    a run would find it after claiming those that outrank it. One that cannot be evaluated has a
    fault, and the others follow.

    Raises:
        DatabaseUnreachable: the database does not answer.
        SourceError: the recipients cannot be read, so nothing can be evaluated.
    """
    if not evaluations:
        return
    selection, terms = evaluations[0].selection, evaluations[0].terms
    survey = await store.survey(selection, timeout_seconds=terms.timeout_seconds)
    guarded = GuardPreview(store, guard, selection, survey=survey)
    for evaluation in evaluations:
        name, would_claim, held_out, refusals = evaluation.applied.scenario_type, 0, 0, Counter[str]()
        fault: RekindleError | None = None
        try:
            async with aclosing(_ranked(store, evaluation)) as candidates:
                async for candidate in candidates:
                    if candidate.refusal is None:
                        would_claim += 1
                        held_out += candidate.held_out_of is not None
                    else:
                        refusals[candidate.refusal] += 1
                    yield candidate
        except DatabaseUnreachable:
            raise
        except (SourceError, DatabaseError) as error:
            fault = error
        held = None if fault is not None else await guarded.held_back(evaluation, would_claim)
        yield Preview(name, survey.evaluated, would_claim, held_out, refusals, held=held, fault=fault)


async def _ranked(store: Store, evaluation: Evaluation) -> AsyncGenerator[Candidate]:
    """The candidates of one scenario. If a scenario that outranks it cannot be evaluated, that one
    is left out, as in a claim."""
    begun = False
    try:
        async with aclosing(store.candidates(evaluation)) as candidates:
            async for candidate in candidates:
                begun = True
                yield candidate
    except (SourceError, DatabaseError) as fault:
        if isinstance(fault, DatabaseUnreachable) or begun or not evaluation.outranking:
            raise
    else:
        return
    async with aclosing(store.candidates(replace(evaluation, outranking=()))) as candidates:
        async for candidate in candidates:
            yield candidate


async def dry_run(
    store: Store, dispatcher: Dispatcher, evaluations: Sequence[Evaluation], *, guard: Guard, timeout_seconds: float
) -> list[Preview]:
    """Render every message that a run would send now, and let the provider check it. Nothing is
    claimed or sent.

    `checks` counts the messages that are "valid" and, by reason, those that would fail.

    Raises:
        ProviderError: the provider takes no message at all.
    """
    applied = {one.applied.scenario_type: one.applied for one in evaluations}
    composers = {name: Composer(one.scenario) for name, one in applied.items()}
    previews: list[Preview] = []
    results: Counter[str] = Counter()
    checks: set[asyncio.Task[_Result]] = set()
    faults: list[ProviderError] = []
    async with aclosing(plan(store, evaluations, guard=guard)) as steps:
        async for step in steps:
            if isinstance(step, Preview):
                results.update(await _all(checks, faults))
                previews.append(replace(step, checks=results))
                results = Counter()
            elif step.verdict == "claim":
                for unit in _units(step, applied[step.scenario_type]):
                    check = _check(dispatcher, unit, composers[step.scenario_type], timeout_seconds)
                    checks.add(asyncio.create_task(check))
                if len(checks) >= _CHECKS_AT_ONCE:
                    results.update(await _all(checks, faults))
                    if faults and "valid" not in results:
                        raise faults[0]  # asking for everybody else would get the same answer
    if faults and not any("valid" in one.checks for one in previews):
        raise faults[0]
    return previews


async def _all(checks: "set[asyncio.Task[_Result]]", faults: list[ProviderError]) -> list[str]:
    results = await asyncio.gather(*checks)
    checks.clear()
    faults += [fault for _, fault in results if fault is not None]
    return [word for word, _ in results]


_Result = tuple[str, ProviderError | None]
"""The result of one check: "valid" or the reason why the message would fail, and the fault if every
message meets it."""


async def _check(dispatcher: Dispatcher, unit: Unit, composer: Composer, timeout_seconds: float) -> _Result:
    try:
        message = composer.message(unit)
    except NotRendered as fault:
        return fault.reason, None
    except TemplateInvalid:
        return "invalid_template", None
    outcome: Outcome = await dispatcher.validate(message, timeout=timeout_seconds)
    return "valid" if isinstance(outcome, Accepted) else outcome.reason, unusable(outcome)


def _units(candidate: Candidate, one: Applied) -> list[Unit]:
    """The units that a claim would make, under a new random claim id."""
    claim_id = uuid4()
    return [unit_of(candidate, one, kind, target, claim_id=claim_id) for kind, target in candidate.devices]


def unit_of(candidate: Candidate, one: Applied, kind: TargetKind, target: str, *, claim_id: UUID) -> Unit:
    """The unit that a claim would make for one device, with the given claim id and a key that no
    real claim has."""
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
        timezone=candidate.timezone,
        variables=candidate.variables,
        variant=candidate.variant,
        text_name=candidate.text_name,
    )
