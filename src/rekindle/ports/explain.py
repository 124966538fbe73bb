"""The port that explains one person: why they are nudged or not under each scenario, and what
happened to them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from rekindle.model import NOWHERE, Place, Report
from rekindle.ports.evaluation import Evaluation


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition between a person and a push. `reason` is the word that a refusal has; `facts`
    are plain values."""

    reason: str
    blocks: bool
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a person is nudged under one scenario now, or is not: every condition in order, also
    those after one that blocks.

    `place` is the place at which the scenario is judged, and under which a push would be reported.
    `override` is the place whose override applies to the person (None: no override does). `counts`
    says whether a claim would count under the frequency caps. `next_at` is the earliest moment at
    which a claim could win if nothing else changes. If no time can be given, it is None, and
    `waits_for` says why. A scenario that cannot be evaluated has a `fault` and no conditions.
    `held_out_of`: nothing blocks, and the trial with this scope holds the person out of the push.
    `text_name`: nothing blocks, and the person gets this text in a text trial.
    """

    scenario_type: str
    version: int
    kind: str
    occurrence: str | None = None
    place: Place = NOWHERE
    override: Place | None = None
    counts: bool = False
    conditions: tuple[Condition, ...] = ()
    next_at: datetime | None = None
    waits_for: str | None = None
    fault: str | None = None
    held_out_of: str | None = None
    text_name: str | None = None

    @property
    def blocked_by(self) -> tuple[str, ...]:
        """The reasons that block now. A run counts the first one."""
        return tuple(condition.reason for condition in self.conditions if condition.blocks)


@dataclass(frozen=True, slots=True)
class PastUnit:
    """The result of one device of a claim: `ending` is recorded, held_out, skipped, dead, unknown,
    or a live unit's state. `provider_name` is the name that the provider gave to what it
    accepted."""

    device_id: UUID
    run_id: UUID
    ending: str
    reason: str | None
    attempts: int
    armed_at: datetime | None
    ended_at: datetime | None
    next_try_at: datetime | None
    provider_name: str | None = None


@dataclass(frozen=True, slots=True)
class PastClaim:
    """One claim of a person: why (`other_occurrences`: what a digest covers besides), when and by
    which run it was made, and its devices. A record that
    another program wrote may have only its name and its time."""

    claim_id: UUID
    scenario_type: str
    scenario_version: int | None
    occurrence: str | None
    other_occurrences: Sequence[str]
    claimed_run_id: UUID | None
    claimed_at: datetime
    units: tuple[PastUnit, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of an id at a moment: whether it is listed as a recipient, whether it is active
    there, whether a device or the ledger knows it, and its places as a recipient, the home
    first. `external_id` is the id that the team's own tables have, and `name` the person's name,
    if the view says them."""

    at: datetime
    listed: bool
    active: bool
    known: bool
    places: tuple[Place, ...]
    external_id: str | None = None
    name: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class PersonExplained:
    """A person under every scenario now, or in one past run; and the latest claims, newest
    first."""

    user_id: UUID
    standing: Standing
    scenarios: tuple[Explanation, ...]
    claims: tuple[PastClaim, ...]
    run: Report | None = None


class Explanations(Protocol):
    """Explains one person. Read only; it returns no token, text or variable."""

    async def standing(self, user_id: UUID, *, sees: Collection[UUID] | None = None) -> Standing:
        """What is known of an id. With `sees`, rows of other organisations do not exist."""
        ...

    async def explain(self, evaluation: Evaluation) -> Explanation:
        """Every condition of one scenario for the one person of the selection, recipient or not, by
        the same SQL by which `Store.claim` decides.

        `outranking` has only those that would claim this person now; they are not evaluated again.

        Raises:
            SourceError: the scenario cannot be evaluated for anybody.
        """
        ...

    async def history(
        self,
        user_id: UUID,
        *,
        scenarios: Sequence[str] = (),
        run_id: UUID | None = None,
        claim_id: UUID | None = None,
        sees: Collection[UUID] | None = None,
        limit: int,
    ) -> Sequence[PastClaim]:
        """The latest claims of a person, newest first. If given: only of these scenarios, only what
        one run made or worked on, only this claim, only those made in these organisations."""
        ...
