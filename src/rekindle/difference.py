"""What another configuration would change: who is claimed by it and who by another one, and the seam to ask."""

from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol
from uuid import UUID

from rekindle.errors import HeldByGuard, RekindleError
from rekindle.model import Selection
from rekindle.ports import Applied, Terms

Effect = Literal["gain", "lose", "stay"]
EFFECTS: tuple[Effect, ...] = ("gain", "lose", "stay")
Changed = Literal["added", "changed", "retired", "same"]


@dataclass(frozen=True, slots=True)
class Side:
    """A scenario as one configuration has it, and the scenarios that go before it there."""

    applied: Applied
    before: Sequence[Applied] = ()

    def same_as(self, other: "Side") -> bool:
        """Whether both claim the same people at any moment: the scenario and all that goes before it mean the same."""
        mine, theirs = ([*side.before, side.applied] for side in (self, other))
        named = [[(one.scenario_type, one.fingerprint) for one in side] for side in (mine, theirs)]
        return named[0] == named[1]


@dataclass(frozen=True, slots=True)
class Affected:
    """One person: claimed on the new side alone (gain), on the old side alone (lose), or on both (stay)."""

    user_id: UUID
    organisation_id: UUID | None
    effect: Effect


@dataclass(slots=True)
class Difference:
    """What becomes of one scenario's people, by organisation; or the fault for which nobody can say. `held`: the guard
    would hold the new side's claim back."""

    scenario_type: str
    change: Changed
    organisations: dict[UUID | None, Counter[Effect]] = field(default_factory=dict[UUID | None, Counter[Effect]])
    fault: RekindleError | None = None
    held: HeldByGuard | None = None

    @property
    def people(self) -> Counter[Effect]:
        """The numbers of all organisations together."""
        total: Counter[Effect] = Counter()
        for one in self.organisations.values():
            total.update(one)
        return total

    def add(self, one: Affected) -> None:
        """Count one person."""
        self.organisations.setdefault(one.organisation_id, Counter())[one.effect] += 1


class Differences(Protocol):
    """Evaluates both sides of a scenario at one moment."""

    def between(
        self, old: Side | None, new: Side | None, selection: Selection, *, terms: Terms
    ) -> AsyncGenerator[Affected]:
        """Everyone whom either side would claim now, in order of user; writes nothing. None: a side that claims nobody.

        Raises before it yields anybody:
            SourceError: a side cannot be evaluated.
            StatementTooSlow: nor in the time that the terms give each statement.
        """
        ...
