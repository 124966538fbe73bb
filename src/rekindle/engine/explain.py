"""Explains why a person is nudged now or is not, by the claim's own conditions. Nothing is
claimed."""

from collections.abc import Sequence
from uuid import UUID

from rekindle.engine.priority import in_order, outranking
from rekindle.errors import SourceError
from rekindle.model import Selection
from rekindle.ports import Applied, Evaluation, Explanation, Explanations, Terms


async def explain(
    explanations: Explanations, user_id: UUID, applied: Sequence[Applied], *, names: Sequence[str] = (), terms: Terms
) -> tuple[Explanation, ...]:
    """Explain, for each scenario or those named, why the person is nudged or is not; highest
    priority first. Writes nothing.

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
    for one in in_order(applied):
        name = one.scenario_type
        if name not in needed:
            continue
        claiming = [other for other in above[name] if _would_claim(explained[other.scenario_type])]
        try:
            explained[name] = await explanations.explain(Evaluation(one, Selection(user_id=user_id), claiming, terms))
        except SourceError as fault:
            explained[name] = Explanation(name, one.version, one.scenario.kind, fault=str(fault))
    return tuple(explained[one.scenario_type] for one in chosen)


def _would_claim(one: Explanation) -> bool:
    """Whether a claim of this scenario would take one of the person's places under a cap."""
    return one.counts and not one.blocked_by
