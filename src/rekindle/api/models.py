"""The fields of requests and answers. The API reads and returns nothing else."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, StringConstraints, WithJsonSchema

from rekindle.model import RunStatus
from rekindle.policy import request_digest

MAX_BUDGET_SECONDS = 3600.0

ScenarioType = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,62}$")]
# As `rekindle runs --json` writes it.
Instant = Annotated[
    datetime,
    PlainSerializer(datetime.isoformat, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]


class RunRequest(BaseModel):
    """What to run. An empty object runs every enabled scenario, for all recipients, within the
    configured budget."""

    model_config = ConfigDict(extra="forbid")

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

    def digest(self) -> str:
        """Equal for two requests that ask for the same run, in any order of their lists."""
        return request_digest(
            scenarios=self.scenarios, organisations=self.organisations, budget_seconds=self.budget_seconds
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
    skipped: int
    dead: int
    unknown: int
    pending: int
    handed_over: int
    pushes: int
    reasons: dict[str, int]
    confirmed: int


class RunReport(_Told):
    """One run, as currently stored in the ledger."""

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
    exit_code: int


class Health(BaseModel):
    """The process answers."""

    status: Literal["ok"] = "ok"


class Ready(BaseModel):
    """Runs can start: the database answers, is migrated and is suitable for the ledger."""

    status: Literal["ready"] = "ready"
    last_tick_age_seconds: float | None = Field(
        description="The time since the newest instant of a schedule that was begun; null if there was none."
    )
    overdue: bool = Field(description="An instant of a schedule was not begun within ten minutes.")


class Problem(BaseModel):
    """What is wrong and how to fix it (RFC 9457)."""

    type: str = Field(description="`urn:rekindle:` followed by the code.")
    title: str
    status: int
    detail: str
    code: str = Field(description="A stable code; see the errors of the command line.")
    hint: str = ""
    problems: list[str] = Field(default=[], description="The mistakes in the request, each with its place.")
