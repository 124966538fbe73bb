"""People who have not been active for a number of days."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field, ValidationInfo, field_validator

from rekindle.scenario.kinds.base import ScenarioKind
from rekindle.scenario.kinds.keys import Thresholds, not_counted, within_age
from rekindle.scenario.spoken import again, count, days
from rekindle.scenario.texts import DATE, NUMBER, Variable
from rekindle.scenario.views import ACTIVITY, Columns


class Inactivity(ScenarioKind):
    """Due when the whole local days since the last activity reach a stage. Each absence and stage
    counts once."""

    variables: ClassVar[Mapping[str, Variable]] = {
        "days": Variable(NUMBER, 7),
        "last_activity_on": Variable(DATE, 13),
        "stage": Variable(NUMBER, 4),
    }
    last_look: ClassVar[frozenset[str]] = frozenset({"activity"})
    lasting: ClassVar[bool] = True
    occasion_day: ClassVar[str | None] = "the day of the last activity"

    kind: Literal["inactivity"]
    after: Thresholds
    limit: int | None = Field(default=None, gt=0, le=20)
    back_off: float | None = Field(default=None, gt=1, le=10, strict=False)

    @field_validator("after")
    @classmethod
    def _can_be_reached(cls, value: list[int], known: ValidationInfo) -> list[int]:
        return within_age(value, known)

    @property
    def needs_activity_index(self) -> bool:
        """See `ScenarioKind.needs_activity_index`."""
        return True

    def views(self) -> Mapping[str, Columns]:
        """See `ScenarioKind.views`."""
        return {"activity": ACTIVITY}

    def thresholds(self) -> list[int]:
        """The stages, in days."""
        return self.after

    def bounds(self) -> dict[str, Any]:
        """See `ScenarioKind.bounds`."""
        return {"shortest_days": min(one.after[0] for one in self.variants())}

    def variant_columns(self) -> dict[str, Any]:
        """See `ScenarioKind.variant_columns`."""
        return {"absence_limit": self.limit, "back_off": self.back_off}

    def people(self) -> str:
        """See `ScenarioKind.people`."""
        stages = again([days(self.after[0]), *(f"at {days(one)}" for one in self.after[1:])])
        text = f"People who have not been active for {stages}."
        if self.limit is not None:
            text += f" At most {count(self.limit, 'push', 'pushes')} in one absence."
        if self.back_off is not None:
            text += f" After two pushes without a visit, each further one waits {self.back_off:g} times as long."
        return text

    @staticmethod
    def explained(facts: Mapping[str, Any]) -> str:
        """See `ScenarioKind.explained`."""
        stages = f"the stages are {', '.join(map(str, facts['thresholds']))} days"
        if facts["last_activity_on"] is None:
            return f"never active, which is not due{not_counted(facts)}; {stages}"
        since = f"{facts['days']} days since the last activity on {facts['last_activity_on']}"
        return f"{since}{not_counted(facts)}; {stages}"
