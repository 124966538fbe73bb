"""What a configuration that is not applied would change, scenario by scenario."""

from collections.abc import AsyncGenerator, Collection, Sequence
from contextlib import aclosing
from dataclasses import replace

from rekindle.engine.claim import in_order, outranking
from rekindle.errors import PermissionMissing, SourceError, StatementTooSlow
from rekindle.model import Selection
from rekindle.ports import Affected, Applied, Changed, Difference, Differences, Evaluation, Terms


async def difference(
    differences: Differences,
    in_force: Sequence[Applied],
    edited: Sequence[Applied],
    selection: Selection,
    *,
    names: Collection[str] = (),
    unchanged: bool = True,
    terms: Terms,
) -> AsyncGenerator[tuple[Difference, Affected | None]]:
    """Whom each scenario would claim now as it is edited and not as it is in force, and the other way round.

    Yields each person with the scenario's numbers so far; after the last one of a scenario, its complete numbers and
    None. Each side is judged as a run of all its own scenarios would find it. A scenario that cannot be evaluated
    carries the fault, and the others follow. Scenarios are compared one after the other, each at a moment of its own,
    which is the same for both of its sides. Without `unchanged`, those are left out that no edit can have touched.
    """
    old_ones, new_ones = ({one.scenario_type: one for one in side} for side in (in_force, edited))
    for one in in_order(list({**old_ones, **new_ones}.values())):
        name = one.scenario_type
        own = replace(selection, scenarios=(name,))
        old = _side(old_ones.get(name), in_force, own, terms)
        new = _side(new_ones.get(name), edited, own, terms)
        found = Difference(name, _change(old_ones.get(name), new_ones.get(name)))
        if (names and name not in names) or (old is None and new is None and found.change == "same"):
            continue
        if old is not None and new is not None and old.same_as(new) and not unchanged:
            continue
        try:
            async with aclosing(_between(differences, old, new)) as people:
                async for affected in people:
                    found.add(affected)
                    yield found, affected
        except (SourceError, StatementTooSlow, PermissionMissing) as fault:
            found.fault = fault
        yield found, None


async def _between(
    differences: Differences, old: Evaluation | None, new: Evaluation | None
) -> AsyncGenerator[Affected]:
    """If what outranks the scenario cannot be evaluated, the scenario does not wait for that: as in a claim."""
    begun = False
    try:
        async with aclosing(differences.between(old, new)) as people:
            async for one in people:
                begun = True
                yield one
    except SourceError:
        if begun or not any(side and side.outranking for side in (old, new)):
            raise
    else:
        return
    old, new = (side and replace(side, outranking=()) for side in (old, new))
    async with aclosing(differences.between(old, new)) as people:
        async for one in people:
            yield one


def _side(one: Applied | None, scenarios: Sequence[Applied], selection: Selection, terms: Terms) -> Evaluation | None:
    if one is None or not one.scenario.enabled_somewhere:
        return None
    enabled = [other for other in scenarios if other.scenario.enabled_somewhere]
    return Evaluation(one, selection, outranking(one, enabled), terms)


def _change(old: Applied | None, new: Applied | None) -> Changed:
    if old is None:
        return "added"
    if new is None:
        return "retired"
    return "same" if old.fingerprint == new.fingerprint else "changed"
