"""The rows of the ledger's lists, and the part of a list that somebody asks for."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from rekindle.ports.explain import PastUnit


@dataclass(frozen=True, slots=True)
class Filter:
    """The part of a list that is asked for: the rows that meet every condition which is not None,
    in the order of the list.

    Args:
        sees: the organisations that the reader is limited to. A row of no organisation, or of
            another one, does not exist for that reader.
        since: not before this instant.
        until: before this instant.
        after: the key of a row; only the rows after it.
        limit: the most rows.
        claim_id: only the unknown sends of this claim.
        action: only the entries of the audit with this action.
    """

    sees: Collection[UUID] | None = None
    scenario_type: str | None = None
    organisation_id: UUID | None = None
    user_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None
    after: tuple[Any, ...] | None = None
    limit: int = 100
    claim_id: UUID | None = None
    action: str | None = None

    @property
    def organisations(self) -> tuple[UUID, ...] | None:
        """The organisations whose rows are in the list; None: all rows."""
        if self.organisation_id is None:
            return None if self.sees is None else tuple(sorted(self.sees))
        seen = self.sees is None or self.organisation_id in self.sees
        return (self.organisation_id,) if seen else ()


@dataclass(frozen=True, slots=True)
class Notification:
    """One record: a claim of which at least one device accepted.

    `claimed_at` is the moment of the evaluation, `dispatched_at` that of the first acceptance. A
    record that another program wrote may have only the person, the scenario, the key and its time.
    """

    claim_id: UUID
    user_id: UUID
    organisation_id: UUID | None
    scenario_type: str
    scenario_version: int | None
    occurrence: str | None
    other_occurrences: Sequence[str]
    run_id: UUID | None
    claimed_at: datetime | None
    dispatched_at: datetime
    idempotency_key: str


@dataclass(frozen=True, slots=True)
class NotificationShown:
    """A record and what became of each device of its claim."""

    notification: Notification
    units: tuple[PastUnit, ...]


@dataclass(frozen=True, slots=True)
class Delivery:
    """One device that accepted. `dispatched_at` is that of its notification. `was_unknown`: the
    answer came after the send had become unknown."""

    claim_id: UUID
    device_id: UUID
    user_id: UUID
    organisation_id: UUID | None
    scenario_type: str
    run_id: UUID
    provider_name: str
    dispatched_at: datetime
    accepted_at: datetime
    attempts: int
    was_unknown: bool
