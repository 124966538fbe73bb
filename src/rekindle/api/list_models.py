"""The answers of the lists of what happened."""

from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from rekindle.api.models import REPORT, Instant, RunReport
from rekindle.api.pages import Page

_CURSOR = "WyJydW5zIiwiMjAyNi0xMS0yM1QwOTowNzowMCswMDowMCJd"
_ORGANISATION: dict[str, Any] = {
    "organisation_id": "7d2a6f0e-4c1b-4a57-9a0e-0b6f5c1d2e3f",
    "organisation_name": "Granvik",
}
_PUSH: dict[str, Any] = {
    "claim_id": "0193580a-6b12-7a90-8f3e-52d0c4a7b9e1",
    "user_id": "3f1c8a52-9d4e-4b6a-8c7f-1e2d3c4b5a69",
    "external_id": "4711",
    **_ORGANISATION,
    "scenario_type": "inactivity",
}
_DEVICE: dict[str, Any] = {
    "device_id": "b1946ac9-2492-4d23-b47c-6235b4d2611a",
    "run_id": "0193580a-5c00-7d3e-9b53-6f2a8f0c7c11",
}
_PROVIDER_NAME = "projects/granvik-app/messages/0:1764061624123456%2f8a"
_NOTIFICATION: dict[str, Any] = {
    **_PUSH,
    "scenario_version": 3,
    "occurrence": "inactive:2026-11-02:21d",
    "other_occurrences": [],
    "run_id": _DEVICE["run_id"],
    "claimed_at": "2026-11-23T09:07:01+00:00",
    "dispatched_at": "2026-11-23T09:07:02.314159+00:00",
    "idempotency_key": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
}
_UNIT: dict[str, Any] = {
    **_DEVICE,
    "ending": "recorded",
    "reason": None,
    "attempts": 1,
    "armed_at": None,
    "ended_at": "2026-11-23T09:07:02.314159+00:00",
    "next_try_at": None,
    "provider_name": _PROVIDER_NAME,
}
_DELIVERY: dict[str, Any] = {
    **_PUSH,
    **_DEVICE,
    "provider_name": _PROVIDER_NAME,
    "dispatched_at": "2026-11-23T09:07:02.314159+00:00",
    "accepted_at": "2026-11-23T09:07:02.314159+00:00",
    "attempts": 1,
    "was_unknown": False,
}
_UNKNOWN: dict[str, Any] = {
    **_PUSH,
    "device_id": _DEVICE["device_id"],
    "reason": "timeout",
    "armed_at": "2026-11-23T09:07:02+00:00",
    "closed_at": None,
    "attempts": 1,
}
_SWITCH: dict[str, Any] = {
    "scenario_type": "inactivity",
    **_ORGANISATION,
    "turned": "off",
    "reason": "Summer holidays",
    "switched_at": "2026-11-23T08:30:00+00:00",
    "switched_by": "key granvik",
}


def example(value: dict[str, Any]) -> ConfigDict:
    """The configuration of a model with this example."""
    return ConfigDict(json_schema_extra={"examples": [value]})


def page_example(item: dict[str, Any], *, cursor: str | None = None) -> ConfigDict:
    """The configuration of a page with this item as its example."""
    return example({"items": [item], "next": cursor})


class Placed(BaseModel):
    """The organisation that something belongs to."""

    organisation_id: UUID | None
    organisation_name: str | None = Field(description="As the view `organisation` has it.")


class OfPerson(Placed):
    """The person and the organisation that something belongs to."""

    user_id: UUID
    external_id: str | None = Field(description="The id that the team knows, as the recipient view has it.")


class DeviceShown(BaseModel):
    """What became of one device of a claim."""

    device_id: UUID
    run_id: UUID = Field(description="The run that worked on it last.")
    ending: str = Field(description="recorded, held_out, skipped, dead or unknown; or the state of one that is live.")
    reason: str | None
    attempts: int
    armed_at: Instant | None = Field(description="When it was sent last; null for a device that accepted.")
    ended_at: Instant | None
    next_try_at: Instant | None = Field(description="For one that waits: not before this instant.")
    provider_name: str | None = Field(description="The name that the provider gave to the push that it accepted.")


class NotificationSummary(OfPerson):
    """The record of one claim of which at least one device accepted. One that another program wrote
    may have only the person, the scenario, the key and its time."""

    model_config = example(_NOTIFICATION)

    claim_id: UUID
    scenario_type: str
    scenario_version: int | None
    occurrence: str | None = Field(description="The occasion of the push. It is spent.")
    other_occurrences: list[str] = Field(description="Of a digest: what the push covered besides. It is spent, too.")
    run_id: UUID | None
    claimed_at: Instant | None = Field(description="The moment of the evaluation.")
    dispatched_at: Instant = Field(description="The moment of the first acceptance.")
    idempotency_key: str


class NotificationDetail(NotificationSummary):
    """One record, and the devices of its claim."""

    model_config = example({**_NOTIFICATION, "units": [_UNIT]})

    units: list[DeviceShown]


class DeliveryShown(OfPerson):
    """One device that accepted a push."""

    model_config = example(_DELIVERY)

    claim_id: UUID
    device_id: UUID
    scenario_type: str
    run_id: UUID
    provider_name: str = Field(description="The name that the provider gave to the push.")
    dispatched_at: Instant = Field(description="That of the record.")
    accepted_at: Instant
    attempts: int
    was_unknown: bool = Field(description="The answer came after the send had become unknown.")


class UnknownShown(OfPerson):
    """One send that may have been accepted."""

    model_config = example(_UNKNOWN)

    claim_id: UUID
    device_id: UUID
    scenario_type: str
    reason: str
    armed_at: Instant = Field(description="When it was sent.")
    closed_at: Instant | None = Field(description="Null while a late answer may still come.")
    attempts: int


class SwitchShown(Placed):
    """One switch in its last state. Null stands for every scenario, or every organisation."""

    model_config = example(_SWITCH)

    scenario_type: str | None
    turned: Literal["on", "off"]
    reason: str | None
    switched_at: Instant
    switched_by: str


class RunPage(Page[RunReport]):
    """A page of runs."""

    model_config = page_example(REPORT, cursor=_CURSOR)


class NotificationPage(Page[NotificationSummary]):
    """A page of records."""

    model_config = page_example(_NOTIFICATION)


class DeliveryPage(Page[DeliveryShown]):
    """A page of deliveries."""

    model_config = page_example(_DELIVERY)


class UnknownPage(Page[UnknownShown]):
    """A page of unknown sends."""

    model_config = page_example(_UNKNOWN)


class SwitchPage(Page[SwitchShown]):
    """Every switch."""

    model_config = page_example(_SWITCH)
