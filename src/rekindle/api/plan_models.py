"""The answers about what is in force and what would happen now."""

import json
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, Field

from rekindle.api.list_models import DeviceShown, OfPerson, Placed, example, page_example
from rekindle.api.models import NUMBERS, Instant, RunReport, ScenarioNumbers
from rekindle.api.pages import Page
from rekindle.documents import plain
from rekindle.model import RunStatus

_RUN = "0193580a-5c00-7d3e-9b53-6f2a8f0c7c11"
_USER = "3f1c8a52-9d4e-4b6a-8c7f-1e2d3c4b5a69"
_ORGANISATION: dict[str, Any] = {
    "organisation_id": "7d2a6f0e-4c1b-4a57-9a0e-0b6f5c1d2e3f",
    "organisation_name": "Granvik",
}
_PLACE: dict[str, Any] = {**_ORGANISATION, "chapter_id": None, "chapter_name": None}
_SCENARIO: dict[str, Any] = {
    "scenario_type": "inactivity",
    "version": 3,
    "fingerprint": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "definition": {"kind": "inactivity", "after": [21], "cooldown": 604800, "priority": 50, "enabled": True},
    "overrides": [{**_PLACE, "changes": {"cooldown": 1209600}, "texts": ["message"]}],
    "locales": ["en", "nb"],
    "applied_at": "2026-11-20T14:00:00+00:00",
    "applied_by": "login postgres",
    "last_run_at": "2026-11-23T09:07:00+00:00",
    "latest": NUMBERS,
}
_VERSION: dict[str, Any] = {
    "scenario_type": "inactivity",
    "version": 3,
    "change": "changed",
    "keys": ["cooldown", "message.nb.title"],
    "applied_at": "2026-11-20T14:00:00+00:00",
    "applied_by": "login postgres",
}
_PREVIEW: dict[str, Any] = {
    "scenario_type": "inactivity",
    "evaluated": 500,
    "not_due": 419,
    "due": 81,
    "would_claim": 50,
    "held_out": 0,
    "refusals": {"cooldown": 25, "opted_out": 6},
    "checks": {},
    "held": None,
    "fault": None,
}
_PLANNED: dict[str, Any] = {
    "user_id": _USER,
    "external_id": "4711",
    **_ORGANISATION,
    "scenario_type": "inactivity",
    "occurrence": "inactive:2026-11-02:21d",
    "other_occurrences": [],
    "verdict": "claim",
    "text": None,
    "devices": 2,
}
_PERSON: dict[str, Any] = {
    "user_id": _USER,
    "external_id": "4711",
    "at": "2026-11-24T09:07:00+00:00",
    "known": True,
    "recipient": True,
    "active": True,
    **_PLACE,
    "memberships": [],
    "scenarios": [
        {
            "scenario_type": "inactivity",
            "version": 3,
            "kind": "inactivity",
            "occurrence": "inactive:2026-11-02:21d",
            "place": _PLACE,
            "override": _PLACE,
            "blocked_by": ["cooldown"],
            "next_at": "2026-11-30T09:07:02+00:00",
            "waits_for": None,
            "held_out_of": None,
            "text": None,
            "fault": None,
            "conditions": [
                {"reason": "opted_out", "blocks": False, "facts": {"of": []}},
                {"reason": "cooldown", "blocks": True, "facts": {"next_at": "2026-11-30T09:07:02+00:00"}},
            ],
        }
    ],
    "run": None,
    "claims": [
        {
            "claim_id": "0193580a-6b12-7a90-8f3e-52d0c4a7b9e1",
            "scenario_type": "inactivity",
            "scenario_version": 3,
            "occurrence": "inactive:2026-11-02:21d",
            "other_occurrences": [],
            "claimed_run_id": _RUN,
            "claimed_at": "2026-11-23T09:07:01+00:00",
            "units": [
                {
                    "device_id": "b1946ac9-2492-4d23-b47c-6235b4d2611a",
                    "run_id": _RUN,
                    "ending": "skipped",
                    "reason": "unregistered",
                    "attempts": 1,
                    "armed_at": "2026-11-23T09:07:02+00:00",
                    "ended_at": "2026-11-23T09:07:02+00:00",
                    "next_try_at": None,
                    "provider_name": None,
                }
            ],
        }
    ],
}
_SCHEDULE: dict[str, Any] = {
    "scenario_type": "inactivity",
    "schedule": "7 9 * * *",
    "timezone": "Europe/Oslo",
    "state": "ok",
    "last_at": "2026-11-23T08:07:00+00:00",
    "last_run": {"run_id": _RUN, "status": "done", "halted_by": None, "attempt": 1},
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


def _plain(value: Any) -> Any:
    """Facts with ids and instants as text, as the command line writes them."""
    return json.loads(json.dumps(value, default=plain))


Plain = Annotated[dict[str, Any], BeforeValidator(_plain)]


class PlaceShown(Placed):
    """An organisation, or one of its chapters."""

    chapter_id: UUID | None
    chapter_name: str | None = Field(description="As the view `chapter` has it.")


class OverrideShown(PlaceShown):
    """What applies in one place instead of everywhere. Texts are not shown."""

    changes: Plain
    texts: list[str] = Field(description="Which of message, data and link differ.")


class ScenarioShown(BaseModel):
    """A scenario in force, and the numbers of the last run that evaluated it. Texts are not
    shown."""

    model_config = example(_SCENARIO)

    scenario_type: str
    version: int
    fingerprint: str
    definition: Plain
    overrides: list[OverrideShown]
    locales: list[str] = Field(description="The locales that it has texts for.")
    applied_at: Instant
    applied_by: str
    last_run_at: Instant | None
    latest: ScenarioNumbers | None


class VersionShown(BaseModel):
    """One version of a scenario: what an apply changed, when, and whose it was."""

    model_config = example(_VERSION)

    scenario_type: str
    version: int
    change: Literal["added", "changed", "retired"]
    keys: list[str] = Field(description="The keys that changed, without their values.")
    applied_at: Instant
    applied_by: str


class PreviewShown(BaseModel):
    """What a run would do for one scenario now, in people."""

    scenario_type: str
    evaluated: int
    not_due: int
    due: int
    would_claim: int
    held_out: int = Field(description="Of those that it would claim: people who get no push, because of a trial.")
    refusals: dict[str, int]
    checks: dict[str, int] = Field(description="Empty: only a dry run checks messages.")
    held: str | None = Field(description="Why the guard would hold back the claim.")
    fault: str | None = Field(description="Why the scenario cannot be evaluated.")


class PlannedPerson(OfPerson):
    """One person who is due under one scenario."""

    scenario_type: str
    occurrence: str
    other_occurrences: list[str] = Field(description="Of a digest: what the push covers besides.")
    verdict: str = Field(description="`claim`, `held_out`, or the reason for a refusal.")
    text: str | None = Field(description="The text that the person would get in a text trial; null: there is none.")
    devices: int


class PlanPage(Page[PlannedPerson]):
    """The numbers of every scenario, and a page of the people who are due."""

    model_config = example({"at": None, "scenarios": [_PREVIEW], "items": [_PLANNED], "next": None})

    at: Instant | None = Field(description="The moment that was asked for; null: now.")
    scenarios: list[PreviewShown]


class ConditionShown(BaseModel):
    """One condition between a person and a push, and what is known of it."""

    reason: str
    blocks: bool
    facts: Plain


class ExplanationShown(BaseModel):
    """One scenario for a person: every condition, in the order in which a run checks them."""

    scenario_type: str
    version: int
    kind: str
    occurrence: str | None
    place: PlaceShown = Field(description="Where the scenario is judged: a push would be reported there.")
    override: PlaceShown | None
    blocked_by: list[str] = Field(description="The reasons that block now. A run counts the first one.")
    next_at: Instant | None = Field(description="The earliest moment of a claim, if nothing else changes.")
    waits_for: str | None = Field(description="The reason that does not end with time; then next_at is null.")
    held_out_of: str | None = Field(
        default=None, description="The scope of the trial that holds the person out of a push that nothing blocks."
    )
    text: str | None = Field(
        default=None, description="The text that the person would get in a text trial, if nothing blocks."
    )
    fault: str | None
    conditions: list[ConditionShown]


class ClaimShown(BaseModel):
    """One past claim of a person, and its devices."""

    claim_id: UUID
    scenario_type: str
    scenario_version: int | None
    occurrence: str | None
    other_occurrences: list[str] = Field(description="Of a digest: what the push covered besides.")
    claimed_run_id: UUID | None
    claimed_at: Instant
    units: list[DeviceShown]


class PersonShown(PlaceShown):
    """Why a person gets a push now or does not, and what happened to them."""

    model_config = example(_PERSON)

    user_id: UUID
    external_id: str | None = Field(description="As the recipient view has it.")
    at: Instant
    known: bool = Field(description="A view or the ledger has this id.")
    recipient: bool = Field(description="The recipient view lists the person.")
    active: bool
    memberships: list[PlaceShown] = Field(description="The other places of the person.")
    scenarios: list[ExplanationShown]
    run: RunReport | None = Field(description="Always null here.")
    claims: list[ClaimShown]


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


class ScenarioPage(Page[ScenarioShown]):
    """Every scenario in force."""

    model_config = page_example(_SCENARIO)


class VersionPage(Page[VersionShown]):
    """Every version of a scenario."""

    model_config = page_example(_VERSION)


class SchedulePage(Page[ScheduleShown]):
    """Every schedule in force."""

    model_config = page_example(_SCHEDULE)


class WorkerPage(Page[WorkerShown]):
    """Every worker that is alive."""

    model_config = page_example(_WORKER)
