"""The port that compares two configurations: which people each of them would claim."""

from collections import Counter
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol
from uuid import UUID

from rekindle.errors import HeldByGuard, RekindleError
from rekindle.ports.evaluation import Evaluation

Effect = Literal["gain", "lose", "stay"]
EFFECTS: tuple[Effect, ...] = ("gain", "lose", "stay")
Changed = Literal["added", "changed", "renamed", "retired", "same"]


@dataclass(frozen=True, slots=True)
class Names:
    """The other names of a scenario of the configuration, in order; and whether its `was` was ever
    applied (None: it has none)."""

    earlier: tuple[str, ...] = ()
    known: bool | None = None


@dataclass(frozen=True, slots=True)
class Carried:
    """What the new name of a scenario takes over: `records`, the pushes that were sent or may
    have been; `cooldowns` that are not over; `live` claims; and `opt_outs`, in people."""

    records: int
    cooldowns: int
    live: int
    opt_outs: int


@dataclass(frozen=True, slots=True)
class Affected:
    """One person under one scenario: claimed only on the new side (gain), only on the old side
    (lose), or on both (stay)."""

    scenario_type: str
    user_id: UUID
    organisation_id: UUID | None
    effect: Effect


@dataclass(frozen=True, slots=True)
class Difference:
    """The effect on one scenario's people, by organisation; or the `fault` that prevents the
    comparison. `held`: the guard would hold back the new side's claim. `left_out`: the keys of both
    sides that let the hour or the day decide, and did not. `was` and `carried`: the name that is in
    force, and what the new one takes over, if an apply would rename the scenario. `keys`: those
    that were edited."""

    scenario_type: str
    change: Changed
    organisations: Mapping[UUID | None, Counter[Effect]] = field(default_factory=dict[UUID | None, Counter[Effect]])
    fault: RekindleError | None = None
    held: HeldByGuard | None = None
    left_out: tuple[str, ...] = ()
    was: str | None = None
    carried: Carried | None = None
    keys: tuple[str, ...] = ()

    @property
    def people(self) -> Counter[Effect]:
        """The numbers of all organisations together."""
        total: Counter[Effect] = Counter()
        for one in self.organisations.values():
            total.update(one)
        return total


class Differences(Protocol):
    """Evaluates both sides of a scenario at one moment."""

    def between(self, old: Evaluation | None, new: Evaluation | None) -> AsyncGenerator[Affected]:
        """All people that either side would claim now, in order of user. Writes nothing. The people
        are those of the new side's scenario; the old side's may have another name.

        A side that is None claims nobody. Both sides have the same selection and the same terms.

        Raises before it yields anybody:
            SourceError: a side cannot be evaluated.
            StatementTooSlow: a statement took longer than the terms allow.
        """
        ...

    async def carried(self, names: Sequence[str]) -> Carried:
        """What the new name of a scenario that had these names takes over."""
        ...
