"""/v1/report: what became of the pushes of some time."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import AfterValidator, BaseModel, Field

from rekindle.api.asked import Reader, Turns
from rekindle.api.document import KEY, responses
from rekindle.api.list_models import Placed, example
from rekindle.api.models import Instant
from rekindle.app import Engine
from rekindle.documents import Document, places_of, summary_document
from rekindle.policy import parse_duration

_PLACE: dict[str, Any] = {
    "scenario_type": "inactivity",
    "organisation_id": "7d2a6f0e-4c1b-4a57-9a0e-0b6f5c1d2e3f",
    "organisation_name": "Granvik",
    "reached": 212,
    "records": 240,
    "pushes": 263,
    "opened": 58,
    "horizon_days": 14,
    "looked_back": 120,
    "came_back": 31,
    "opted_out": 2,
    "unknown": 1,
    "dead_tokens": 4,
}
_SUMMARY: dict[str, Any] = {
    "since": "2026-10-24T09:07:00+00:00",
    "at": "2026-11-23T09:07:00+00:00",
    "scenarios": [_PLACE],
    "refusals": {"inactivity": {"cooldown": 25, "opted_out": 6}},
}


def _duration(text: str) -> str:
    parse_duration(text)
    return text


Duration = Annotated[
    str,
    Query(pattern="^[0-9]{1,9}[smhd]$", description="The time before now, such as 24h or 90d, at most ten years."),
    AfterValidator(_duration),
]


class PlaceReported(Placed):
    """One scenario in one organisation."""

    scenario_type: str
    reached: int = Field(description="People whose push was accepted, each once.")
    records: int = Field(description="Claims that a provider accepted: a person may have several.")
    pushes: int = Field(description="Devices that accepted.")
    opened: int | None = Field(
        description="Records whose push the team's app says was opened; null without the view `rekindle_source.opened`."
    )
    horizon_days: int | None = Field(
        description="The days within which people should come back; null while nothing is known."
    )
    looked_back: int = Field(description="Records whose horizon is over.")
    came_back: int = Field(
        description="Of these, how many were followed by an activity within the horizon: a base rate, not an effect."
    )
    opted_out: int = Field(description="Of these, how many people had opted out by the end of the horizon.")
    unknown: int = Field(description="Sends whose outcome is unknown.")
    dead_tokens: int = Field(description="Devices whose token a push proved dead.")


class SummaryReported(BaseModel):
    """The pushes since a moment, and why people who were due were not claimed."""

    model_config = example(_SUMMARY)

    since: Instant
    at: Instant
    scenarios: list[PlaceReported]
    refusals: dict[str, dict[str, int]] = Field(
        description="By scenario, how often people who were due were not claimed, by reason; each run counts again."
    )


def report_routes(engine: Engine) -> APIRouter:
    """The route of the report."""
    router = APIRouter(prefix="/v1", dependencies=KEY)
    turns = Turns()

    @router.get(
        "/report",
        tags=["report"],
        summary="Report on the pushes of some time",
        responses=responses(401, 403, 422, 429, 503),
        response_model=SummaryReported,
    )
    async def show_report(actor: Reader, since: Duration = "30d") -> Document:
        """What became of the pushes of this time, by scenario and organisation, as `rekindle report
        --json` shows it. A key that is limited to organisations sees these alone, and no reasons,
        which count everybody.

        One request at a time counts; others wait for up to 10 s.
        """
        async with turns.turn():
            found = await engine.report(
                within_seconds=parse_duration(since),
                sees=actor.organisations,  # mutant: own-report
            )
        return summary_document(found, await engine.place_names(places_of(found.places)))

    return router
