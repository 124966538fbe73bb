"""Explains why a person is nudged now or is not, by the claim's own conditions. Nothing is
claimed."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from rekindle.engine.priority import in_order, outranking
from rekindle.errors import DatabaseError, DatabaseUnreachable, HeldByGuard, SourceError
from rekindle.model import Selection
from rekindle.ports import Applied, Condition, Evaluation, Explanation, Explanations, Terms


async def explain(
    explanations: Explanations,
    user_id: UUID,
    applied: Sequence[Applied],
    *,
    names: Sequence[str] = (),
    organisations: Sequence[UUID] = (),
    terms: Terms,
) -> tuple[Explanation, ...]:
    """Explain, for each scenario or those named, why the person is nudged or is not; highest
    priority first. Writes nothing. With organisations, the person is one of their recipients.

    Scenarios that are switched off are explained too. A scenario whose source cannot be read
    appears with its fault; a run would skip it. Each one is judged as a run would find it after
    claiming those that outrank it.
    """
    enabled = [one for one in applied if one.scenario.enabled_somewhere]
    chosen = [one for one in in_order(applied) if not names or one.scenario_type in names]
    above = {one.scenario_type: outranking(one, enabled) for one in applied}
    needed = {one.scenario_type for one in chosen}
    needed.update(other.scenario_type for one in chosen for other in above[one.scenario_type])
    explained: dict[str, Explanation] = {}
    selection = Selection(organisations=tuple(organisations), user_id=user_id)
    for one in in_order(applied):
        name = one.scenario_type
        if name not in needed:
            continue
        claiming = [other for other in above[name] if _would_claim(explained[other.scenario_type])]
        try:
            explained[name] = await explanations.explain(Evaluation(one, selection, claiming, terms))
        except DatabaseUnreachable:
            raise
        except (SourceError, DatabaseError) as fault:
            explained[name] = Explanation(name, one.version, one.scenario.kind, fault=str(fault))
    return tuple(explained[one.scenario_type] for one in chosen)


def with_guard(explained: Sequence[Explanation], held: Mapping[str, HeldByGuard]) -> tuple[Explanation, ...]:
    """The explanations, with the guard as the last condition of each scenario that nothing else
    blocks. `held` has the scenarios that it would hold back in a run of everything."""
    confirm = sum(one.people for one in held.values())

    def judged(one: Explanation) -> Explanation:
        if one.fault is not None or one.blocked_by:
            return one
        why = held.get(one.scenario_type)
        facts = {} if why is None else {"people": why.people, "confirm": confirm, "because": why.message}
        guard = Condition("held_by_guard", why is not None, facts)
        told = replace(one, conditions=(*one.conditions, guard))
        return told if why is None else replace(told, next_at=None, waits_for=guard.reason)

    return tuple(judged(one) for one in explained)


def _would_claim(one: Explanation) -> bool:
    """Whether a claim of this scenario would take one of the person's places under a cap."""
    return one.counts and not one.blocked_by
