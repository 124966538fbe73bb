"""What can be known of one person: where they stand under each scenario, what happened to them, and the seam to ask."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from rekindle.model import Report
from rekindle.ports import Applied, Terms


@dataclass(frozen=True, slots=True)
class Gate:
    """One condition between a person and a push, by the word for which it refuses; `facts` are plain values."""

    reason: str
    blocks: bool
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class Explanation:
    """Where a person stands under one scenario now: every gate in order, none left out for one before it that blocks.

    `override` is the place whose override holds for the person (None: what holds for everybody), and `counts` whether a
    claim would count under the frequency caps. `next_at` is the earliest moment at which a claim could win as things
    are; None where no time says so, because of `waits_for`. A scenario that cannot be evaluated has a `fault` and no
    gates.
    """

    scenario_type: str
    version: int
    kind: str
    occurrence: str | None = None
    override: str | None = None
    counts: bool = False
    gates: tuple[Gate, ...] = ()
    next_at: datetime | None = None
    waits_for: str | None = None
    fault: str | None = None

    @property
    def blocked_by(self) -> tuple[str, ...]:
        """The reasons that hold now; the first one is the one that a run counts."""
        return tuple(gate.reason for gate in self.gates if gate.blocks)


@dataclass(frozen=True, slots=True)
class PastUnit:
    """What became of one device of a claim: `ending` is recorded, skipped, dead, unknown, or a live unit's state."""

    device_id: UUID
    run_id: UUID
    ending: str
    reason: str | None
    attempts: int
    armed_at: datetime | None
    ended_at: datetime | None
    next_try_at: datetime | None


@dataclass(frozen=True, slots=True)
class PastClaim:
    """One claim of a person: why, when and by which run it was made, and its devices. Another program's record may lack
    everything but its name and its time."""

    claim_id: UUID
    scenario_type: str
    scenario_version: int | None
    occurrence: str | None
    claimed_run_id: UUID | None
    claimed_at: datetime
    units: tuple[PastUnit, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of an id at a moment: listed as a recipient, active there, or known to a device or the ledger."""

    at: datetime
    listed: bool
    active: bool
    known: bool


@dataclass(frozen=True, slots=True)
class PersonExplained:
    """A person under every scenario now, or in one past run; and the latest claims, newest first."""

    user_id: UUID
    standing: Standing
    scenarios: tuple[Explanation, ...]
    claims: tuple[PastClaim, ...]
    run: Report | None = None


class Insight(Protocol):
    """Where one person stands and what happened to them. Read only; no token, text or variable comes out of it."""

    async def standing(self, user_id: UUID) -> Standing:
        """What is known of an id."""
        ...

    async def explain(
        self, applied: Applied, user_id: UUID, *, terms: Terms, wanted_by: Sequence[str] = ()
    ) -> Explanation:
        """Every gate of one scenario for one person, recipient or not, by the words by which `Store.claim` decides.

        `wanted_by` are the scenarios that go before this one and would claim the person now.

        Raises:
            SourceError: the scenario cannot be evaluated, for anybody.
        """
        ...

    async def history(
        self, user_id: UUID, *, scenarios: Sequence[str] = (), run_id: UUID | None = None, limit: int
    ) -> Sequence[PastClaim]:
        """The latest claims of a person, newest first; only of these scenarios, only what one run made or worked on."""
        ...
