"""People whose birthday or another yearly day is today, or comes soon."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from rekindle.policy import parse_days
from rekindle.scenario.kinds.base import ScenarioKind
from rekindle.scenario.kinds.keys import distinct
from rekindle.scenario.spoken import days, listed
from rekindle.scenario.texts import DATE, NUMBER, Variable
from rekindle.scenario.views import INSTANT, RECIPIENT, Columns

SAME_DAYS = 182
"""A yearly day that moves by at most so many days is the same occasion: half a year."""


def _days(value: object) -> object:
    if value == "0d":
        return 0
    return parse_days(value) if isinstance(value, str) else value


def _near(before: int) -> str:
    return {0: "today", 1: "tomorrow"}.get(before) or f"in {days(before)}"


def _own(column: str) -> str:
    if column in RECIPIENT:
        raise ValueError("is a column of another meaning; name one that is a date or an instant, such as birthday")
    return column


Column = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$"), AfterValidator(_own)]
DaysBefore = Annotated[int, BeforeValidator(_days), Field(ge=0, le=180)]


class YearlyDate(ScenarioKind):
    """Due on a day that returns each year, or some days before it. Each year's day and threshold
    counts once, and only the most urgent one."""

    variables: ClassVar[Mapping[str, Variable]] = {
        "date": Variable(DATE, 13),
        "years": Variable(NUMBER, 4),
        "days_left": Variable(NUMBER, 3),
        "threshold": Variable(NUMBER, 3),
    }
    without_day: ClassVar[str] = "nothing that is past is due by this kind; leave this key out"

    kind: Literal["date"]
    on: Column
    before: Annotated[list[DaysBefore], Field(min_length=1, max_length=20), AfterValidator(distinct)] = Field(
        default_factory=lambda: [0]
    )
    leap_day: Literal["feb-28", "mar-1"] = "feb-28"

    def views(self) -> Mapping[str, Columns]:
        """See `ScenarioKind.views`."""
        return {"recipient": {self.on: INSTANT}}

    def columns(self) -> Mapping[str, str]:
        """See `ScenarioKind.columns`."""
        return {"on": self.on}

    def thresholds(self) -> list[int]:
        """The days before the day."""
        return self.before

    def bounds(self) -> dict[str, Any]:
        """See `ScenarioKind.bounds`."""
        return {"longest_days": max(one.before[-1] for one in self.variants()), "same_days": SAME_DAYS}

    def remembered_days(self) -> int:
        """See `ScenarioKind.remembered_days`."""
        return self.before[-1] + SAME_DAYS + 1

    def variant_columns(self) -> dict[str, Any]:
        """See `ScenarioKind.variant_columns`."""
        return {"leap_day": self.leap_day}

    def people(self) -> str:
        """See `ScenarioKind.people`."""
        near = [_near(one) for one in reversed(self.before)]
        return f"People whose {self.on.replace('_', ' ')} is {listed(near, 'or')}. Each year's day and threshold once."

    @staticmethod
    def explained(facts: Mapping[str, Any]) -> str:
        """See `ScenarioKind.explained`."""
        thresholds = f"the thresholds are {', '.join(map(str, facts['thresholds']))} days"
        if facts.get("next_on") is None:
            return f"no such day is known, or its first anniversary is not near; {thresholds}"
        left = facts["days_left"]
        until = "today" if left == 0 else f"in {left} days"
        return f"the next one is number {facts['years']}, on {facts['next_on']} ({until}); {thresholds}"
