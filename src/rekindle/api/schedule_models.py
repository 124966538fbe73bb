"""The answers about schedules and workers."""

from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from rekindle.api.list_models import example, page_example
from rekindle.api.models import Instant
from rekindle.api.pages import Page
from rekindle.api.plan_models import RUN
from rekindle.model import RunStatus

_SCHEDULE: dict[str, Any] = {
    "scenario_type": "inactivity",
    "schedule": "7 9 * * *",
    "timezone": "Europe/Oslo",
    "state": "ok",
    "last_at": "2026-11-23T08:07:00+00:00",
    "last_run": {"run_id": RUN, "status": "done", "halted_by": None, "attempt": 1},
    "next_at": "2026-11-24T08:07:00+00:00",
    "skipped": 0,
}
_WORKER: dict[str, Any] = {
    "worker_id": "5b0c1d2e-3f4a-4b5c-8d6e-7f8091a2b3c4",
    "host": "worker-1",
    "release": "0.1.0",
    "configuration": "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
    "started_at": "2026-11-20T14:02:00+00:00",
    "seen_at": "2026-11-23T09:07:04+00:00",
}


class LastRun(BaseModel):
    """The run of the last instant of a schedule."""

    run_id: UUID
    status: RunStatus
    halted_by: str | None
    attempt: int


class ScheduleShown(BaseModel):
    """One schedule in force."""

    model_config = example(_SCHEDULE)

    scenario_type: str
    schedule: str
    timezone: str
    state: Literal["ok", "waiting", "failed", "overdue"]
    last_at: Instant | None = Field(description="The last instant that was begun.")
    last_run: LastRun | None
    next_at: Instant
    skipped: int = Field(description="Instants that were missed and not caught up.")


class WorkerShown(BaseModel):
    """One process of `rekindle worker` that is alive."""

    model_config = example(_WORKER)

    worker_id: UUID
    host: str
    release: str
    configuration: str = Field(description="A digest of what its own file says about runs.")
    started_at: Instant
    seen_at: Instant


class SchedulePage(Page[ScheduleShown]):
    """Every schedule in force."""

    model_config = page_example(_SCHEDULE)


class WorkerPage(Page[WorkerShown]):
    """Every worker that is alive."""

    model_config = page_example(_WORKER)
