"""The port that replays scenarios over past ticks. It has no dispatcher and no claim."""

from collections import Counter
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal, Protocol
from uuid import UUID

from rekindle.errors import RekindleError
from rekindle.policy import Guard
from rekindle.ports.evaluation import Evaluation


@dataclass(frozen=True, slots=True)
class PastTick:
    """One moment, and the scenarios that a run would have evaluated at it, in the order of a run.

    `counted`: it is within the time that is asked about. A tick before that only fills the gates
    and the caps.
    """

    at: datetime
    evaluations: Sequence[Evaluation]
    counted: bool = True


@dataclass(frozen=True, slots=True)
class Judged:
    """What one scenario would have done at one tick, in people. `pushes` counts devices.

    `registered`: the claimed people who had a device that was registered by then. `collisions`:
    the people that a frequency cap refused, by the scenarios whose pushes had filled it. `fault`:
    the scenario could not be evaluated, and is left out from this tick on. `held`: the guard would
    have held back the claim, which the replay counts all the same.
    """

    scenario_type: str
    at: datetime
    counted: bool
    claimed: int = 0
    pushes: int = 0
    registered: int = 0
    refusals: Mapping[str, int] = field(default_factory=dict[str, int])
    collisions: Mapping[str, int] = field(default_factory=Counter[str])
    fault: RekindleError | None = None
    held: bool = False

    @property
    def due(self) -> int:
        """The people who met the scenario's condition."""
        return self.claimed + sum(self.refusals.values())


Label = Literal["exact", "approximate", "refused"]


@dataclass(frozen=True, slots=True)
class Fidelity:
    """How far the replay of a scenario can be trusted, and why. A refused one has the fault."""

    label: Label
    reasons: Sequence[str] = ()
    fault: RekindleError | None = None


@dataclass(frozen=True, slots=True)
class Fidelities:
    """How far each scenario can be trusted, by name."""

    by_scenario: Mapping[str, Fidelity]


@dataclass(frozen=True, slots=True)
class BaseRate:
    """How many people came back anyway after their first simulated push, within `horizon_days`.

    `people` got no real push of the scenario around then. Of those who did (`nudged`), nothing is
    said. `unknown`: why it is not known; all numbers of people are 0 then.
    """

    horizon_days: int
    people: int
    came_back: int
    nudged: int
    unknown: str | None = None


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What a replay says at its end, of the time that is asked about.

    `per_person`: people by their number of pushes. `most_in_7`, `most_in_30`: the most pushes of
    one person in any 7 or 30 days. `hours`: people by scenario and hour of the day where they live.
    `base_rates`: by scenario, if there is a view of activities. `runs`: by scenario and UTC day,
    the most people that a real run found due.
    """

    per_person: Mapping[int, int]
    most_in_7: int
    most_in_30: int
    hours: Mapping[str, Mapping[int, int]]
    base_rates: Mapping[str, BaseRate]
    runs: Mapping[str, Mapping[date, int]]


@dataclass(frozen=True, slots=True)
class Past:
    """What to replay: the ticks, oldest first; the time that is asked about, from `since` until
    before `ends`; and the guard, which is counted and stops nobody."""

    ticks: Sequence[PastTick]
    since: datetime
    ends: datetime
    guard: Guard
    timeout_seconds: float = 60.0


class Replays(Protocol):
    """Replays ticks of the past in a transaction that cannot write."""

    def replay(self, past: Past) -> AsyncGenerator[Fidelities | Judged | Aftermath]:
        """Yield what each scenario would have done at each tick, in order, and then the aftermath.

        Every tick finds the gates, the caps and the spent occurrences as the ticks before it left
        them. The first one finds none. Every push is accepted. Nothing is written.

        A scenario whose past cannot be replayed is left out, and so is one that the ticks do not
        name. First of all it yields how far each scenario can be trusted.

        Raises:
            DatabaseError: the database does not answer, or this role may not make temporary tables.
        """
        ...


@dataclass(frozen=True, slots=True)
class SavedBacktest:
    """A result that somebody has saved: for the time from `since` to `until`, of these scenarios
    (none: all that were enabled), by `configurations`: what was in force then (`applied`), or an
    edited file (`file`). `result` has the document of each; None in a list."""

    backtest_id: UUID
    saved_at: datetime
    saved_by: str
    since: datetime
    until: datetime
    scenario_types: Sequence[str]
    configurations: Sequence[str]
    result: Mapping[str, Any] | None = None
