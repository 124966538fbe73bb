"""The fields of requests and answers. The API reads and returns nothing else."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, StringConstraints, WithJsonSchema

from rekindle.model import RunStatus
from rekindle.policy import request_digest

MAX_BUDGET_SECONDS = 3600.0
MAX_PEOPLE = 1_000_000_000

ScenarioType = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,62}$")]
# As `rekindle runs --json` writes it.
Instant = Annotated[
    datetime,
    PlainSerializer(datetime.isoformat, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]


_REQUEST: dict[str, Any] = {"scenarios": ["inactivity"], "organisations": [], "budget_seconds": 30}
NUMBERS: dict[str, Any] = {
    "scenario_type": "inactivity",
    "evaluated": 500,
    "not_due": 419,
    "due": 81,
    "refused": 31,
    "refusals": {"cooldown": 25, "opted_out": 6},
    "claimed": 50,
    "carried": 0,
    "recorded": 48,
    "held_out": 0,
    "skipped": 1,
    "dead": 1,
    "unknown": 0,
    "pending": 0,
    "handed_over": 0,
    "pushes": 55,
    "reasons": {"dead:gone": 1, "skipped:token_dead": 1},
    "confirmed": 0,
}
REPORT: dict[str, Any] = {
    "run_id": "0193580a-5c00-7d3e-9b53-6f2a8f0c7c11",
    "status": "done",
    "started_at": "2026-11-23T09:07:00+00:00",
    "finished_at": "2026-11-23T09:07:04+00:00",
    "budget_seconds": 30.0,
    "dispatcher": "fcm",
    "scenarios": [NUMBERS],
    "halted_by": None,
    "abandoned_at": None,
    "tick": "tick:inactivity:2026-11-23T09:07:00Z",
    "attempt": 1,
    "organisations": [],
    "started_by": None,
    "reached": 48,
    "held": [],
    "exit_code": 1,
}
_PROBLEM: dict[str, Any] = {
    "type": "urn:rekindle:RK704",
    "title": "There is no such run.",
    "status": 404,
    "detail": "there is no such run",
    "code": "RK704",
    "hint": "`rekindle runs` lists them.",
    "problems": [],
}


class RunRequest(BaseModel):
    """What to run. An empty object runs every enabled scenario, for all recipients, within the
    configured budget."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_REQUEST]})

    scenarios: list[ScenarioType] = Field(default=[], max_length=100, description="Only these scenarios.")
    organisations: list[UUID] = Field(
        default=[], max_length=1_000, description="Only the recipients of these organisations."
    )
    budget_seconds: float | None = Field(
        default=None,
        ge=1,
        le=MAX_BUDGET_SECONDS,
        allow_inf_nan=False,
        strict=True,
        description="The run ends within this time. Default: the configured budget.",
    )

    confirm: int = Field(
        default=0,
        ge=0,
        le=MAX_PEOPLE,
        strict=True,
        description="Allow claims of up to this many people past the guard.",
    )

    def digest(self, organisations: Sequence[UUID]) -> str:
        """Equal for two requests that ask for the same run, in any order of their lists. The
        organisations are those that the run covers."""
        return request_digest(
            scenarios=self.scenarios,
            organisations=organisations,
            budget_seconds=self.budget_seconds,
            confirmed=self.confirm,
        )


class ConfirmRequest(BaseModel):
    """How many people are allowed past the guard."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"people": 1200}]})

    people: int = Field(
        ge=1,
        le=MAX_PEOPLE,
        strict=True,
        description="At least what the guard would hold back now: `rekindle plan` shows the number.",
    )


class _Told(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class ScenarioNumbers(_Told):
    """One scenario of a run. The numbers count people; only `pushes` counts devices."""

    scenario_type: str
    evaluated: int
    not_due: int
    due: int
    refused: int
    refusals: dict[str, int]
    claimed: int
    carried: int
    recorded: int
    held_out: int
    skipped: int
    dead: int
    unknown: int
    pending: int
    handed_over: int
    pushes: int
    reasons: dict[str, int]
    confirmed: int


class HeldScenario(_Told):
    """What the guard held back of one scenario, and what it compared, in people. Null: that limit
    does not apply, or the run was limited to organisations, and the figure counts everybody."""

    scenario_type: str
    people: int = Field(description="Those that the run would have claimed.")
    recipients: int | None = Field(description="The active ones.")
    total: int | None = Field(description="Of all scenarios in 24 hours, with these.")
    share_allows: int | None = Field(description="How many of them `max_share` allows.")
    own: int | None = Field(description="Of this scenario in 24 hours, with these.")
    median_allows: int | None = Field(description="How many of them `max_times_median` allows.")
    median: float | None = Field(description="Of the people of this scenario per day.")


class RunReport(_Told):
    """One run, as currently stored in the ledger."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [REPORT]})

    run_id: UUID
    status: RunStatus
    started_at: Instant
    finished_at: Instant | None
    budget_seconds: float
    dispatcher: str
    scenarios: list[ScenarioNumbers]
    halted_by: str | None
    abandoned_at: Instant | None = Field(description="A sweep found it without a report; it may have reported later.")
    tick: str | None = Field(description="The instant of a schedule that it worked: `tick:SCENARIOS:INSTANT`.")
    attempt: int = Field(description="The number of this run among those under its key, from 1.")
    reached: int = Field(description="People whose push was accepted; each counts once, whatever the scenarios.")
    organisations: list[UUID] = Field(description="The run is limited to these; empty: it covers all.")
    started_by: str | None = Field(
        description="The key, person or database login that started it; null for an instant of a schedule."
    )
    held: list[HeldScenario] = Field(description="What the guard held back, scenario by scenario.")
    exit_code: int


class Health(BaseModel):
    """The process answers."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"status": "ok"}]})

    status: Literal["ok"] = "ok"


class Ready(BaseModel):
    """Runs can start: the database answers, is migrated and is suitable for the ledger."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"status": "ready", "last_tick_age_seconds": 42.5, "overdue": False}]}
    )

    status: Literal["ready"] = "ready"
    last_tick_age_seconds: float | None = Field(
        description="The time since the newest instant of a schedule that was begun; null if there was none."
    )
    overdue: bool = Field(description="An instant of a schedule was not begun within ten minutes.")


class Problem(BaseModel):
    """What is wrong and how to fix it (RFC 9457)."""

    model_config = ConfigDict(json_schema_extra={"examples": [_PROBLEM]})

    type: str = Field(description="`urn:rekindle:` followed by the code.")
    title: str
    status: int
    detail: str
    code: str = Field(description="A stable code; see the errors of the command line.")
    hint: str = ""
    problems: list[str] = Field(default=[], description="The mistakes in the request, each with its place.")


_TABLES = (
    "gate",
    "cap",
    "outbox",
    "scenario_notification",
    "delivery",
    "came_back",
    "outcome",
    "spent",
    "disabled_token",
    "enrolment",
    "test_send",
)
_DELIVERY: dict[str, Any] = {
    "claim_id": "0193580a-5c00-7d3e-9b53-6f2a8f0c7c11",
    "device_id": "5f0c7c11-6f2a-4e1b-8d3e-0193580a5c00",
    "user_id": "7d3e0193-580a-4c00-9b53-8f0c7c116f2a",
    "scenario_type": "inactivity",
    "accepted_at": "2026-11-23T09:07:02+00:00",
}
_EXPORT: dict[str, Any] = {
    "user_id": _DELIVERY["user_id"],
    "exported_at": "2026-11-23T10:00:00+00:00",
    "tables": {table: [_DELIVERY] if table == "delivery" else [] for table in _TABLES},
}


class ErasedPerson(BaseModel):
    """What an erasure deleted, and what cannot be taken back."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={
            "examples": [
                {
                    "rows": dict(zip(_TABLES, (1, 0, 1, 2, 3, 1, 0, 0, 0, 0, 0), strict=True)),
                    "withdrawn": 1,
                    "under_way": 0,
                    "may_arrive_until": "2026-11-24T09:07:02+00:00",
                    "still_recipient": False,
                }
            ]
        },
    )

    rows: dict[str, int] = Field(description="Deleted rows by table.")
    withdrawn: int = Field(description="Pushes that waited and are never sent.")
    under_way: int = Field(
        description="Pushes that a provider may have accepted, or may accept yet; nothing records it."
    )
    may_arrive_until: Instant | None = Field(description="Until when an accepted push may be delivered.")
    still_recipient: bool = Field(description="The next run may claim the person again.")


class PersonExport(BaseModel):
    """Everything that the ledger has about a person: for each table its rows."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXPORT]})

    user_id: UUID
    exported_at: Instant
    tables: dict[str, list[dict[str, Any]]]
