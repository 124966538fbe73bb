"""The answers about the scenarios in force and the plan of the next run."""

import json
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, Field

from rekindle.api.list_models import OfPerson, Placed, example, page_example
from rekindle.api.models import NUMBERS, Instant, ScenarioNumbers
from rekindle.api.pages import Page
from rekindle.documents import plain

RUN = "0193580a-5c00-7d3e-9b53-6f2a8f0c7c11"
USER = "3f1c8a52-9d4e-4b6a-8c7f-1e2d3c4b5a69"
_ORGANISATION: dict[str, Any] = {
    "organisation_id": "7d2a6f0e-4c1b-4a57-9a0e-0b6f5c1d2e3f",
    "organisation_name": "Granvik",
}
PLACE: dict[str, Any] = {**_ORGANISATION, "chapter_id": None, "chapter_name": None}
_SCENARIO: dict[str, Any] = {
    "scenario_type": "inactivity",
    "version": 3,
    "fingerprint": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "definition": {"kind": "inactivity", "after": [21], "cooldown": 604800, "priority": 50, "enabled": True},
    "overrides": [{**PLACE, "changes": {"cooldown": 1209600}, "texts": ["message"]}],
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
    "user_id": USER,
    "external_id": "4711",
    **_ORGANISATION,
    "scenario_type": "inactivity",
    "occurrence": "inactive:2026-11-02:21d",
    "other_occurrences": [],
    "verdict": "claim",
    "text": None,
    "devices": 2,
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


class ScenarioPage(Page[ScenarioShown]):
    """Every scenario in force."""

    model_config = page_example(_SCENARIO)


class VersionPage(Page[VersionShown]):
    """Every version of a scenario."""

    model_config = page_example(_VERSION)
