"""People who joined some days ago and have never been active."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import ValidationInfo, field_validator

from rekindle.scenario.kinds.base import ScenarioKind
from rekindle.scenario.kinds.keys import Thresholds, within_age
from rekindle.scenario.spoken import again, days
from rekindle.scenario.texts import DATE, NUMBER, Variable
from rekindle.scenario.views import ACTIVITY, INSTANT, Columns


class Onboarding(ScenarioKind):
    """Due when the whole local days since a person joined reach a stage, unless the person was ever
    active. Each stage counts once ever."""

    variables: ClassVar[Mapping[str, Variable]] = {
        "days": Variable(NUMBER, 7),
        "joined_on": Variable(DATE, 13),
        "stage": Variable(NUMBER, 4),
    }
    last_look: ClassVar[frozenset[str]] = frozenset({"activity"})
    lasting: ClassVar[bool] = True
    occasion_day: ClassVar[str | None] = "the day of joining"

    kind: Literal["onboarding"]
    after: Thresholds

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
        return {"activity": ACTIVITY, "recipient": {"joined_at": INSTANT}}

    def thresholds(self) -> list[int]:
        """The stages, in days."""
        return self.after

    def bounds(self) -> dict[str, Any]:
        """See `ScenarioKind.bounds`."""
        return {"shortest_days": min(one.after[0] for one in self.variants())}

    def people(self) -> str:
        """See `ScenarioKind.people`."""
        after = again([f"{days(self.after[0])} after they joined", *(f"after {days(one)}" for one in self.after[1:])])
        return f"People who have never been active, {after}."

    @staticmethod
    def explained(facts: Mapping[str, Any]) -> str:
        """See `ScenarioKind.explained`."""
        stages = f"the stages are {', '.join(map(str, facts['thresholds']))} days"
        if facts["active"]:
            return f"has been active, which is not due; {stages}"
        if facts["joined_on"] is None:
            return f"never active, and joined_at is not a day on which somebody has joined; {stages}"
        return f"never active in {facts['days']} days since joining on {facts['joined_on']}; {stages}"
