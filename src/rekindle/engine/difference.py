"""Shows, scenario by scenario, what would change if an edited configuration were applied."""

from collections import Counter
from collections.abc import AsyncGenerator, Collection, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from uuid import UUID

from rekindle.engine.changes import changes, renamed
from rekindle.engine.guard import GuardPreview
from rekindle.engine.priority import evaluations, in_order
from rekindle.errors import DatabaseError, DatabaseUnreachable, RekindleError, SourceError
from rekindle.model import Selection
from rekindle.ports import Affected, Applied, Changed, Difference, Differences, Effect, Evaluation, Terms
from rekindle.scenario import changed_keys, definition


@dataclass(frozen=True, slots=True)
class Edit:
    """One scenario on both sides. A side that claims nobody is None. `was`: its name on the old
    side, if it would be renamed, and `earlier` all names that count. `keys`: those edited."""

    scenario_type: str
    change: Changed
    old: Evaluation | None
    new: Evaluation | None
    was: str | None = None
    earlier: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()

    @property
    def may_matter(self) -> bool:
        """Whether the two sides may claim different people: the scenario was edited, or one that
        outranks it was."""
        return self.old is None or self.new is None or not self.old.same_as(self.new)

    @property
    def left_out(self) -> tuple[str, ...]:
        """The keys of either side that would let the hour or the day decide, if the comparison
        leaves them out."""
        sides = [one.applied.scenario for one in (self.old, self.new) if one is not None and not one.terms.by_the_hour]
        variants = [variant for one in sides if not one.critical for variant in one.variants()]
        return tuple(sorted({key for variant in variants for key in variant.hourly_keys()}))


def edits(in_force: Sequence[Applied], edited: Sequence[Applied], selection: Selection, terms: Terms) -> list[Edit]:
    """Every scenario of either side, highest priority first. A scenario that is the same and
    switched off on both sides is left out.

    Each side is judged as a run of all its scenarios would find it.
    """
    changed = changes(in_force, edited)
    old, new = (_by_name(side, selection, terms) for side in (in_force, edited))
    latest = {one.scenario_type: one for one in (*in_force, *edited)}
    former = renamed(in_force, edited)
    keys = _edited_keys(in_force, edited)
    names = [one.scenario_type for one in in_order([*latest.values()]) if one.scenario_type in changed]
    every = [
        Edit(
            name,
            changed[name],
            old.get(former.get(name, name)),
            new.get(name),
            former.get(name),
            latest[name].earlier,
            keys.get(name, ()),
        )
        for name in names
    ]
    return [one for one in every if one.old is not None or one.new is not None or one.change != "same"]


def _edited_keys(in_force: Sequence[Applied], edited: Sequence[Applied]) -> dict[str, tuple[str, ...]]:
    """The keys that were edited, of each scenario that both sides have."""
    old = {one.scenario_type: one for one in in_force}
    return {
        one.scenario_type: tuple(changed_keys(definition(old[one.scenario_type].scenario), definition(one.scenario)))
        for one in edited
        if one.scenario_type in old
    }


def _by_name(side: Sequence[Applied], selection: Selection, terms: Terms) -> dict[str, Evaluation]:
    enabled = [one for one in side if one.scenario.enabled_somewhere]
    return {one.applied.scenario_type: one for one in evaluations(enabled, selection, enabled, terms)}


def chosen(edits: Sequence[Edit], *, names: Collection[str] = (), unchanged: bool = True) -> list[Edit]:
    """Only the named scenarios, if any are named. Without `unchanged`, only those that an edit may
    have affected."""
    return [one for one in edits if (not names or one.scenario_type in names) and (unchanged or one.may_matter)]


async def difference(
    differences: Differences, edits: Sequence[Edit], guarded: GuardPreview
) -> AsyncGenerator[Affected | Difference]:
    """For each scenario, the people that only the edited version would claim now, those that only
    the version in force would claim, and those that both would.

    Yields each person, and after the last one of a scenario its numbers. A scenario that cannot be
    evaluated carries the fault, and the others follow. Scenarios are compared one after the other,
    each at one moment for both sides.
    """
    for edit in edits:
        organisations: dict[UUID | None, Counter[Effect]] = {}
        fault: RekindleError | None = None
        try:
            async with aclosing(_between(differences, edit.old, edit.new)) as people:
                async for one in people:
                    organisations.setdefault(one.organisation_id, Counter())[one.effect] += 1
                    yield one
        except DatabaseUnreachable:
            raise
        except (SourceError, DatabaseError) as error:
            fault = error
        claimed = sum(effects["gain"] + effects["stay"] for effects in organisations.values())
        held = None if fault is not None or edit.new is None else await guarded.held_back(edit.new, claimed)
        carried = await differences.carried(edit.earlier) if edit.was is not None and fault is None else None
        yield Difference(
            edit.scenario_type, edit.change, organisations, fault, held, edit.left_out, edit.was, carried, edit.keys
        )


async def _between(
    differences: Differences, old: Evaluation | None, new: Evaluation | None
) -> AsyncGenerator[Affected]:
    """The people of one scenario. If a scenario that outranks it cannot be evaluated, that one is
    left out, as in a claim."""
    begun = False
    try:
        async with aclosing(differences.between(old, new)) as people:
            async for one in people:
                begun = True
                yield one
    except (SourceError, DatabaseError) as fault:
        if isinstance(fault, DatabaseUnreachable) or begun or not any(side and side.outranking for side in (old, new)):
            raise
    else:
        return
    old, new = (side and replace(side, outranking=()) for side in (old, new))
    async with aclosing(differences.between(old, new)) as people:
        async for one in people:
            yield one
