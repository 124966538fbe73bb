"""/v1/effect: whether the nudges help."""

from datetime import date
from typing import Any, Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field

from rekindle.api.asked import Reader, Scenario, Turns
from rekindle.api.document import KEY, responses
from rekindle.api.list_models import example
from rekindle.api.models import Instant
from rekindle.app import Engine
from rekindle.effect.document import Document, effect_document
from rekindle.effect.trial import Word

_TERMS: dict[str, Any] = {
    "trial_id": "0f7c3a52-9b1e-4c7d-8a55-2d1b6a9e4f00",
    "scope": "inactivity",
    "by": "person",
    "held_out": 0.5,
    "texts": None,
    "horizon_days": 14,
    "worth": 0.05,
    "outcome": "activity",
    "started_at": "2026-08-10T09:00:00+00:00",
    "until": "2026-11-08",
    "agreed_on": "2026-11-23",
    "ended_at": None,
    "on": "2026-11-23",
    "nudged": {"enrolled": 300, "settled": 300, "came_back": 90, "opted_out": 4},
    "control": {"enrolled": 300, "settled": 300, "came_back": 60, "opted_out": 3},
    "word": "helps",
    "text": "helps: between 2 and 17.8 points more came back within 14 days",
    "interval": {"lower": 0.020287, "upper": 0.177585},
}
_COUNTS = {"nudged_back": 90, "nudged_away": 210, "control_back": 60, "control_away": 240}
_EFFECT: dict[str, Any] = {
    "at": "2026-11-23T09:07:00+00:00",
    "hint": None,
    "trials": [
        {
            **_TERMS,
            "accepted": 288,
            "reached_otherwise": 12,
            "misplaced": 0,
            "delivered": 0,
            "changed": 0,
            "opens": {"nudged": {"accepted": 288, "opened": 72}, "control": None, "compared": None},
            "enrolled_per_week": 0.0,
            "not_nudged_per_month": 0,
            "alpha": 0.05,
            "notes": ["held out: 60 of 300 came back, 20.0 %"],
            "needed": 2595,
            "weeks": None,
            "zero_out_on": "2026-11-23",
            "no_longer": [],
            "days": [
                {"on": "2026-11-23", "counts": _COUNTS, "interval": _TERMS["interval"], "word": "helps"},
            ],
            "back": {
                "nudged": [{"day": 1, "share": 0.06, "lower": 0.033, "upper": 0.087}],
                "control": [{"day": 2, "share": 0.03, "lower": 0.011, "upper": 0.049}],
            },
            "months": [{"month": "2026-08-01", "counts": _COUNTS, "interval": None}],
            "opted_out": {
                "counts": {"nudged_back": 4, "nudged_away": 296, "control_back": 3, "control_away": 297},
                "interval": {"lower": -0.031, "upper": 0.038},
            },
            "earlier": [],
        }
    ],
}


class Arm(BaseModel):
    """People of one arm, once each."""

    enrolled: int
    settled: int = Field(description="People whose horizon is over, and one more day for late entries.")
    came_back: int = Field(description="Of these, how many came back within the horizon.")
    opted_out: int = Field(description="Of these, how many had opted out by then.")


class Interval(BaseModel):
    """A difference of rates, nudged minus held out: 0.05 is 5 points."""

    lower: float
    upper: float


class FourCounts(BaseModel):
    """People who settled."""

    nudged_back: int
    nudged_away: int
    control_back: int
    control_away: int


class WordBefore(BaseModel):
    """A word that was said once and is no longer true."""

    word: Word
    since: date = Field(alias="from")
    until: date


class DayRead(BaseModel):
    """Everybody who had settled by a day."""

    on: date
    counts: FourCounts
    interval: Interval
    word: Word | None = Field(description="`helps`, `harms` or `small`; null on a day that said nothing of them.")


class BackOn(BaseModel):
    """The share of one arm that was back by a day since the first claim, for one look."""

    day: int
    share: float
    lower: float
    upper: float


class BothBack(BaseModel):
    """Both arms. It decides nothing."""

    nudged: list[BackOn]
    control: list[BackOn]


class MonthRead(BaseModel):
    """People by the month of their first claim."""

    month: date
    counts: FourCounts
    interval: Interval | None


class OptOutsRead(BaseModel):
    """People who opted out within the horizon: `back` counts those."""

    counts: FourCounts
    interval: Interval


class TextsCompared(BaseModel):
    """Two texts of a text trial."""

    first: str
    other: str
    first_weight: float = Field(description="The share of all people of the trial who get it.")
    other_weight: float
    first_accepted: int = Field(description="People with the first text whose first push a provider accepted.")


class ArmOpens(BaseModel):
    """The first pushes of one arm."""

    accepted: int = Field(description="People whose first push a provider accepted.")
    opened: int = Field(description="Of these, people whose push the team's app says was opened.")


class OpensCompared(BaseModel):
    """People who settled: `back` counts those whose first push was opened."""

    counts: FourCounts
    interval: Interval


class OpensRead(BaseModel):
    """Which first pushes were opened. It is a second outcome, and decides nothing."""

    nudged: ArmOpens
    control: ArmOpens | None = Field(
        description="Of a text trial, people with the first text. Null if people are held out: they cannot open a "
        "push, so there is no effect on opens."
    )
    compared: OpensCompared | None = Field(description="Of a text trial whose interval may be shown.")


class TrialTermsRead(BaseModel):
    """What was agreed beforehand, and what may be said."""

    trial_id: UUID
    scope: str = Field(
        description="`*`: the whole programme; or the name of the scenario; of a text trial `text:` and it."
    )
    by: Literal["person", "chapter"]
    held_out: float | None = Field(description="The share of the control group; null in a text trial.")
    texts: TextsCompared | None = Field(
        description="Of a text trial, the two texts: `nudged` is about people with the other one, and `control` about "
        "people with the first one."
    )
    horizon_days: int
    worth: float = Field(description="The difference of rates that is worth knowing of.")
    outcome: Literal["activity", "query"] = Field(description="What counts as coming back.")
    started_at: Instant
    until: date = Field(description="Nobody new is enrolled from this day on.")
    agreed_on: date = Field(description="The day of the second reading.")
    ended_at: Instant | None
    on: date = Field(description="The day for which this is said.")
    nudged: Arm
    control: Arm
    word: Word | None = Field(description="What is known; null without the extra `effect`.")
    text: str | None
    interval: Interval | None = Field(description="Null where none may be shown.")


class TrialRead(TrialTermsRead):
    """The newest trial of a scenario, or of the whole programme."""

    accepted: int = Field(description="People who are nudged and whose first push a provider accepted.")
    reached_otherwise: int = Field(description="People who are held out and were reached by another scenario.")
    misplaced: int = Field(description="People in another arm than assigned: 0 unless something is broken.")
    delivered: int = Field(description="Pushes to people who are held out: 0 unless something is broken.")
    changed: int | None = Field(
        description="People who settled and would be judged differently now; null if that could not be counted."
    )
    opens: OpensRead | None = Field(description="Null if the team has no view of opened pushes, or it cannot be read.")
    enrolled_per_week: float
    not_nudged_per_month: int = Field(description="The cost of the control group.")
    alpha: float = Field(
        description="The level of its interval: the highest probability of a wrong word on this trial. Of more than 20 "
        "side by side, on average at most 5 % of the words are wrong."
    )
    notes: list[str]
    needed: int | None = Field(description="People for the difference worth knowing of; null if not known.")
    weeks: int | None
    zero_out_on: date | None = Field(description="The first day on which the interval was without zero.")
    no_longer: list[WordBefore]
    days: list[DayRead]
    back: BothBack
    months: list[MonthRead]
    opted_out: OptOutsRead | None
    earlier: list[TrialTermsRead] = Field(description="Earlier trials of the scope; they are never added.")


class EffectRead(BaseModel):
    """What may be said of each trial."""

    model_config = example(_EFFECT)

    at: Instant
    hint: str | None = Field(description="How to install the extra, without which there are only counts.")
    trials: list[TrialRead]


def effect_routes(engine: Engine) -> APIRouter:
    """The route of the trials."""
    router = APIRouter(prefix="/v1", dependencies=KEY)
    turns = Turns()

    @router.get(
        "/effect",
        tags=["report"],
        summary="Say whether the nudges help",
        responses=responses(401, 403, 404, 422, 429, 503),
        response_model=EffectRead,
    )
    async def show_effect(actor: Reader, scenario: Scenario = None) -> Document:
        """What may be said of the trials, as `rekindle effect --json` shows it. A key that is
        limited to organisations sees the people of these alone.

        One request at a time counts; others wait for up to 10 s.
        """
        async with turns.turn():
            found = await engine.effect(scenario_type=scenario, sees=actor.organisations)  # mutant: own-effects
        return effect_document(found)

    return router
