"""Why a person is nudged now, or is not: the claim's own gates, each of them looked at and nothing claimed."""

from collections.abc import Sequence
from uuid import UUID

from rekindle.engine.claim import before, in_order
from rekindle.errors import SourceError
from rekindle.insight import Explanation, Insight
from rekindle.ports import Applied, Terms


async def explain(
    insight: Insight, user_id: UUID, applied: Sequence[Applied], *, names: Sequence[str] = (), terms: Terms
) -> tuple[Explanation, ...]:
    """Where the person stands under each scenario, or those named, highest priority first; nothing is written.

    Scenarios that are switched off are explained too. One whose source cannot be read is named with its fault, as a run
    passes it over. Each is judged as a run would find it after claiming those that go before it.
    """
    enabled = [one for one in applied if one.scenario.enabled_somewhere]
    chosen = [one for one in in_order(applied) if not names or one.scenario_type in names]
    ahead = {one.scenario_type: [other.scenario_type for other in before(one, enabled)] for one in chosen}
    needed = {one.scenario_type for one in chosen}.union(*ahead.values())
    found: dict[str, Explanation] = {}
    for one in in_order(applied):
        if one.scenario_type not in needed:
            continue
        first = [other.scenario_type for other in before(one, enabled)]
        wanted_by = [name for name in first if found[name].counts and not found[name].blocked_by]
        try:
            found[one.scenario_type] = await insight.explain(one, user_id, terms=terms, wanted_by=wanted_by)
        except SourceError as fault:
            found[one.scenario_type] = Explanation(one.scenario_type, one.version, one.scenario.kind, fault=str(fault))
    return tuple(found[one.scenario_type] for one in chosen)
