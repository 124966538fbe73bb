"""A push from the unit that is claimed to its outcome."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from rekindle.errors import Disposition
from rekindle.model.message import TargetKind


@dataclass(frozen=True, slots=True)
class Unit:
    """One device of one claim: it is leased, armed, sent and recorded. `epoch` fences every write
    about it. `kind` is that of its scenario. `text_name` is the text of its person in a text trial.
    `relevant_seconds` is the time until the push is no longer relevant, from the moment at which
    the unit was read."""

    claim_id: UUID
    device_id: UUID
    epoch: int
    user_id: UUID
    scenario_type: str
    scenario_version: int
    idempotency_key: str
    target_kind: TargetKind
    target: str = field(repr=False)
    locale: str | None = None
    timezone: str | None = None
    variables: Mapping[str, Any] = field(default_factory=dict[str, Any], repr=False)
    variant: int = 0
    text_name: str | None = None
    attempts: int = 0
    kind: str = ""
    relevant_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider took the message and gave it a name. Accepted does not mean delivered."""

    name: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The message was certainly not sent.

    `disposition` is one of RETRY, DROP, PRUNE, HALT. `reason` is a stable lower-case word for
    reports, never the provider's text. `retry_after` is in seconds (None: the engine chooses).
    `error_code` is the RK code that a HALT is reported under. `hint` says what an operator may do
    about it, if anything; it does not make two outcomes different.
    """

    disposition: Disposition
    reason: str
    retry_after: float | None = None
    error_code: str = ""
    hint: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Uncertain:
    """The message may have been sent: the request left, and no answer proves whether it was
    accepted."""

    reason: str


Outcome = Accepted | Refused | Uncertain


@dataclass(frozen=True, slots=True)
class Acceptance:
    """The input of `record` for one notification: a unit and the name that the provider gave."""

    unit: Unit
    name: str


Verdict = Literal["recorded", "conflict", "stale"]
"""The result for an acceptance: it was recorded; another writer has used its key; or the unit's
epoch was out of date."""


@dataclass(frozen=True, slots=True)
class Ending:
    """The final state of a unit that was certainly not sent. `prune`: the provider has proven its
    token dead."""

    unit: Unit
    outcome: Literal["skipped", "dead", "held_out"]
    reason: str
    prune: bool = False


Registration = Literal["older", "newer", "gone"]
"""How a person's registration of a device compares with the send that proved its token dead: it is
older, so the token is disabled; it is newer, so the token is used again; or there is none now."""


@dataclass(frozen=True, slots=True)
class DisabledToken:
    """A device whose token the provider has proven dead. The token itself is not kept."""

    device_id: UUID
    user_id: UUID
    reason: str
    sent_at: datetime
    disabled_at: datetime
    registration: Registration


@dataclass(frozen=True, slots=True)
class UnknownSend:
    """One send whose outcome is unknown: live (held for a late answer) or closed."""

    claim_id: UUID
    device_id: UUID
    user_id: UUID
    organisation_id: UUID | None
    scenario_type: str
    reason: str
    armed_at: datetime
    closed_at: datetime | None
    attempts: int


TestOutcome = Literal["accepted", "refused", "unknown"]


@dataclass(frozen=True, slots=True)
class SentAsTest:
    """A test push: one message, sent once, outside of every rule and record.

    `unknown`: it may have been accepted. `device_id` of None: it went to a token that was given.
    `due`: whether the person was due; otherwise `samples` are the variables that only a person who
    is due has, which had sample values. `hint` and `replayed` are known to the call alone:
    what may be done about a refusal, and whether an earlier request with the same key sent it.
    """

    test_id: UUID
    user_id: UUID
    scenario_type: str
    scenario_version: int
    organisation_id: UUID | None
    device_id: UUID | None
    due: bool
    samples: tuple[str, ...]
    sent_by: str
    sent_at: datetime
    outcome: TestOutcome
    reason: str | None
    provider_name: str | None
    hint: str = ""
    replayed: bool = False
