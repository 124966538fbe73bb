"""People whose activities reach a number."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field

from rekindle.scenario.kinds.base import ScenarioKind, distinct, not_counted
from rekindle.scenario.texts import NUMBER, Variable
from rekindle.scenario.views import ACTIVITY, Columns

Marks = Annotated[
    list[Annotated[int, Field(gt=0, le=1_000_000)]],
    Field(min_length=1, max_length=50),
    AfterValidator(distinct),
]


class Milestone(ScenarioKind):
    """Due when the number of activities reaches a mark. Each mark counts once ever, and only the
    highest new one."""

    variables: ClassVar[Mapping[str, Variable]] = {"activities": Variable(NUMBER, 19), "mark": Variable(NUMBER, 7)}
    last_look: ClassVar[frozenset[str]] = frozenset({"activity"})
    lasting: ClassVar[bool] = True

    kind: Literal["milestone"]
    at: Marks

    def views(self) -> Mapping[str, Columns]:
        """See `ScenarioKind.views`."""
        return {"activity": ACTIVITY}

    def thresholds(self) -> list[int]:
        """The marks, in activities."""
        return self.at

    def bounds(self) -> dict[str, Any]:
        """See `ScenarioKind.bounds`."""
        return {"lowest_mark": min(one.at[0] for one in self.variants())}

    @staticmethod
    def explained(facts: Mapping[str, Any]) -> str:
        """See `ScenarioKind.explained`."""
        marks = f"the marks are {', '.join(map(str, facts['thresholds']))}"
        return f"{facts['activities']} activities{not_counted(facts)}; {marks}"
