"""People whose activities reach a number, or add up to one."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field

from rekindle.scenario.kinds.base import ScenarioKind
from rekindle.scenario.kinds.keys import distinct, not_counted
from rekindle.scenario.spoken import listed
from rekindle.scenario.texts import NUMBER, Variable
from rekindle.scenario.views import ACTIVITY, AMOUNT, Columns

Marks = Annotated[
    list[Annotated[int, Field(gt=0, le=1_000_000)]],
    Field(min_length=1, max_length=50),
    AfterValidator(distinct),
]


class Milestone(ScenarioKind):
    """Due when the number of activities, or the sum of their amounts, reaches a mark. Each mark
    counts once ever, and only the highest new one."""

    variables: ClassVar[Mapping[str, Variable]] = {
        "activities": Variable(NUMBER, 19),
        "total": Variable(NUMBER, 32),
        "mark": Variable(NUMBER, 7),
    }
    occasion_day: ClassVar[str | None] = "the day on which the mark was reached"
    last_look: ClassVar[frozenset[str]] = frozenset({"activity"})
    lasting: ClassVar[bool] = True

    kind: Literal["milestone"]
    at: Marks
    of: Literal["count", "sum"] = "count"

    @property
    def needs_activity_index(self) -> bool:
        """See `ScenarioKind.needs_activity_index`. The day of a mark is looked up person by
        person."""
        return self.dated_somewhere

    def views(self) -> Mapping[str, Columns]:
        """See `ScenarioKind.views`."""
        return {"activity": {**ACTIVITY, **AMOUNT} if self.of == "sum" else ACTIVITY}

    def thresholds(self) -> list[int]:
        """The marks, in activities or in the unit of their amounts."""
        return self.at

    def parts(self) -> Mapping[str, str]:
        """See `ScenarioKind.parts`."""
        parts = {} if self.dated_somewhere else {"kinds/milestone/reached_on": "kinds/milestone/undated"}
        if self.of == "count":
            return parts | {"kinds/milestone/amount": "kinds/milestone/amount_absent"}
        # The amount is bound too, so that the claim fails without such a column, and does not find
        # that nobody is due.
        return parts | {
            "kinds/milestone/total": "kinds/milestone/sum",
            "kinds/milestone/amount": "kinds/milestone/amount",
        }

    def bounds(self) -> dict[str, Any]:
        """See `ScenarioKind.bounds`."""
        return {
            "lowest_mark": min(one.at[0] for one in self.variants()),
            "named": "milestone:sum:" if self.of == "sum" else "milestone:",
        }

    def people(self) -> str:
        """See `ScenarioKind.people`."""
        marks = listed([f"{one:,}" for one in self.at], "or")
        reach = f"reach {marks} activities" if self.of == "count" else f"have activities that add up to {marks}"
        return f"People who {reach}. Each mark once ever."

    @staticmethod
    def explained(facts: Mapping[str, Any]) -> str:
        """See `ScenarioKind.explained`."""
        marks = f"the marks are {', '.join(map(str, facts['thresholds']))}"
        activities = f"{facts['activities']} activities{not_counted(facts)}"
        if not facts["of_sum"]:
            return f"{activities}; {marks}"
        without = f", {facts['without_amount']} of them without an amount that counts" * bool(facts["without_amount"])
        return f"a sum of {facts['total'] or 0} over {activities}{without}; {marks}"
