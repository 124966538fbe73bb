"""The answer that explains one person: every condition of each scenario, and the past claims."""

from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from rekindle.api.list_models import DeviceShown, example
from rekindle.api.models import Instant, RunReport
from rekindle.api.plan_models import PLACE, RUN, USER, PlaceShown, Plain

_PERSON: dict[str, Any] = {
    "user_id": USER,
    "external_id": "4711",
    "at": "2026-11-24T09:07:00+00:00",
    "known": True,
    "recipient": True,
    "active": True,
    **PLACE,
    "memberships": [],
    "scenarios": [
        {
            "scenario_type": "inactivity",
            "version": 3,
            "kind": "inactivity",
            "occurrence": "inactive:2026-11-02:21d",
            "place": PLACE,
            "override": PLACE,
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
            "claimed_run_id": RUN,
            "claimed_at": "2026-11-23T09:07:01+00:00",
            "units": [
                {
                    "device_id": "b1946ac9-2492-4d23-b47c-6235b4d2611a",
                    "run_id": RUN,
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
