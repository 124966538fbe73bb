"""What is written about each change: by which actor it was made, and what it concerned."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

from rekindle.access import Actor

Action = Literal[
    "config.applied",
    "switch.turned",
    "unknown.settled",
    "run.started",
    "run.confirmed",
    "installation.adopted",
    "key.created",
    "key.revoked",
    "person.erased",
    "person.exported",
    "ledger.pruned",
    "tokens.revived",
    "test.sent",
    "backtest.saved",
]


@dataclass(frozen=True, slots=True)
class Entry:
    """One change, to be written in the transaction that makes it.

    It never has a person's id, a key, a token, or a text that came from outside.

    Args:
        actor: None for the login of the database.
        subject: the id or name of what was changed.
        details: what JSON can hold.
    """

    action: Action
    actor: Actor | None = None
    scenario_type: str | None = None
    organisation_id: UUID | None = None
    subject: str | None = None
    details: Mapping[str, object] = field(default_factory=dict[str, object])

    @property
    def signature(self) -> str | None:
        """The label of the actor; None for the login of the database, whose name the database
        knows."""
        return None if self.actor is None else self.actor.label


@dataclass(frozen=True, slots=True)
class Audited:
    """An entry as it was written; see the page on the ledger for what each action says."""

    audit_id: int
    at: datetime
    actor: str
    action: str
    scenario_type: str | None
    organisation_id: UUID | None
    subject: str | None
    details: Mapping[str, object]
