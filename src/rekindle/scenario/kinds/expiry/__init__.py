"""People who have a certificate that expires soon, or has expired."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self

from pydantic import ValidationInfo, field_validator, model_validator

from rekindle.scenario.kinds.base import ScenarioKind
from rekindle.scenario.kinds.keys import Thresholds, within_age
from rekindle.scenario.spoken import days, listed
from rekindle.scenario.texts import DATE, NUMBER, Variable
from rekindle.scenario.views import CERTIFICATION, Columns


class Expiry(ScenarioKind):
    """Due when a certificate expires within a threshold, or expired as long ago as one, unless
    another one of the same name lasts longer. Each certificate and threshold counts once, and only
    the most urgent one."""

    variables: ClassVar[Mapping[str, Variable]] = {
        "certificate": Variable(),
        "expires_on": Variable(DATE, 13),
        "days_left": Variable(NUMBER, 4),
        "days_ago": Variable(NUMBER, 5),
        "expired": Variable(longest=3),
        "threshold": Variable(NUMBER, 4),
    }
    occasion_day: ClassVar[str | None] = "the last valid day of the certificate"
    several: ClassVar[bool] = True
    item: ClassVar[str | None] = "certificate"
    duty: ClassVar[bool] = True
    last_look: ClassVar[frozenset[str]] = frozenset({"certification"})

    kind: Literal["expiry"]
    before: Thresholds | None = None
    after: Thresholds | None = None

    @field_validator("after")
    @classmethod
    def _can_be_reached(cls, value: list[int] | None, known: ValidationInfo) -> list[int] | None:
        return None if value is None else within_age(value, known)

    @model_validator(mode="after")
    def _has_a_threshold(self) -> Self:
        if self.before is None and self.after is None:
            raise ValueError("give before, after or both")
        return self

    def views(self) -> Mapping[str, Columns]:
        """See `ScenarioKind.views`."""
        return {"certification": CERTIFICATION}

    def thresholds(self) -> list[int]:
        """The days before the expiry; a negative number is one of days after it."""
        return [-days for days in reversed(self.after or ())] + (self.before or [])

    def bounds(self) -> dict[str, Any]:
        """See `ScenarioKind.bounds`."""
        return {
            "longest_days": max(0, *(one.thresholds()[-1] for one in self.variants())),
            "oldest_days": self._oldest_days(),
            "oldest_on": self._oldest_on(),
        }

    def _oldest_days(self) -> int | None:
        """How many days ago a certificate that matters may have expired; None: any number."""
        ages = [one.max_age for one in self.variants() if one.after]
        known = [age for age in ages if age is not None]
        return max(known, default=0) if len(known) == len(ages) else None

    def _oldest_on(self) -> str | None:
        """The first day on which a certificate that matters may have expired; None: any day."""
        days = [one.since for one in self.variants() if one.after]
        known = [day for day in days if day is not None]
        return min(known, default=None) if len(known) == len(days) else None

    def remembered_days(self) -> int | None:
        """See `ScenarioKind.remembered_days`."""
        if self.after and self.max_age is None:
            return None
        return max(self.before[-1] if self.before else 0, (self.max_age or 0) if self.after else 0) + 31

    def people(self) -> str:
        """See `ScenarioKind.people`."""
        ends = [f"in {days(one)}" if one > 1 else "tomorrow" for one in reversed(self.before or ())]
        ended = [f"expired {days(one)} ago" for one in self.after or ()]
        expires = [f"expires {listed(ends, 'or')}"] if ends else []
        return f"People whose certificate {listed([*expires, *ended], 'or')}. Each certificate and threshold once."

    @staticmethod
    def explained(facts: Mapping[str, Any]) -> str:
        """See `ScenarioKind.explained`."""
        days = {
            "before": [f"{one}" for one in facts["thresholds"] if one > 0],
            "after": [f"{-one}" for one in reversed(facts["thresholds"]) if one < 0],
        }
        said = [f"{', '.join(numbers)} days {when}" for when, numbers in days.items() if numbers]
        thresholds = f"the thresholds are {' and '.join(said)} the expiry"
        if "expires_on" not in facts:
            return f"no certificate; {thresholds}"
        left = facts["days_left"]
        until = f"in {left} days" if left >= 0 else f"{-left} days ago"
        renewed = f" and {facts['renewed']} renewed" if facts["renewed"] else ""
        return (
            f"certificate {facts['certification_id']}, the next of {facts['certificates']}{renewed}, "
            f"expires on {facts['expires_on']} ({until}); {thresholds}"
        )
