"""The fields of an operator's decisions over HTTP, and of the answers."""

from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from rekindle.api.models import Instant, ScenarioType
from rekindle.model import Turned

_ORGANISATION = "6f1d2a1e-5b0c-4a8e-9d57-3a1f0a2b4c55"
_SWITCH: dict[str, Any] = {
    "scenario_type": "inactivity",
    "organisation_id": _ORGANISATION,
    "turned": "off",
    "reason": "the text names the wrong day",
}
_CLAIM = "0193580a-5c00-7d3e-9b53-6f2a8f0c7c11"


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("it must be one line of printable characters")
    return text


def _line(most: int, description: str) -> Any:
    return Field(default=None, min_length=1, max_length=most, description=description)


class SwitchRequest(BaseModel):
    """The state that a switch shall have."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_SWITCH]})

    scenario_type: ScenarioType | None = Field(default=None, description="Absent or null: every scenario.")
    organisation_id: UUID | None = Field(default=None, description="Absent or null: every organisation.")
    turned: Turned = Field(description="`off` stops it at once, also in runs under way; `on` allows it again.")
    reason: Annotated[str, AfterValidator(_printable)] | None = _line(500, "Why, for people who look later. One line.")


class SwitchTurned(BaseModel):
    """A switch as it is now."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={
            "examples": [_SWITCH | {"switched_at": "2026-11-23T09:07:00+00:00", "switched_by": "key on-call"}]
        },
    )

    scenario_type: str | None = Field(description="Null: every scenario.")
    organisation_id: UUID | None = Field(description="Null: every organisation.")
    turned: Turned
    reason: str | None
    switched_at: Instant = Field(description="Since when it is in this state for this reason.")
    switched_by: str = Field(description="The key, person or database login that turned it.")


class Decision(BaseModel):
    """What became of the unknown sends of a claim: exactly one of the two fields."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"not_sent": True}, {"sent": "projects/app/messages/0:1700000000000000"}]},
    )

    sent: Annotated[str, AfterValidator(_printable)] | None = _line(
        500, "They were sent: the provider's name for the message."
    )
    not_sent: Literal[True] | None = Field(default=None, description="True: they were certainly not sent.")

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.sent is None) == (self.not_sent is None):
            raise ValueError("give either `sent` with a name, or `not_sent`: true")
        return self


class Decided(BaseModel):
    """How the sends of a claim have ended."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"claim_id": _CLAIM, "sent": False, "sends": 1}]})

    claim_id: UUID
    sent: bool = Field(description="True: they are recorded under the name. False: they ended as not sent.")
    sends: int = Field(description="How many sends of the claim have ended in this way: one per device.")


class Adopted(BaseModel):
    """An installation that runs may write to."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"adopted": "cluster 7301234567890123456, timeline 2, database 16384"}]}
    )

    adopted: str = Field(description="Where it is: its cluster, its timeline and its database.")
