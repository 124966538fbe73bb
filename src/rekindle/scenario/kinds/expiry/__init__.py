"""People who have a certificate that expires soon."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from rekindle.scenario.kinds.base import ScenarioKind, Thresholds
from rekindle.scenario.texts import DATE, NUMBER, Variable
from rekindle.scenario.views import CERTIFICATION, Columns


class Expiry(ScenarioKind):
    """Due when a certificate expires within a threshold, unless another one of the same name lasts
    longer. Each certificate and threshold counts once, and only the most urgent one."""

    variables: ClassVar[Mapping[str, Variable]] = {
        "certificate": Variable(),
        "expires_on": Variable(DATE, 13),
        "days_left": Variable(NUMBER, 4),
        "threshold": Variable(NUMBER, 4),
    }
    last_look: ClassVar[frozenset[str]] = frozenset({"certification"})

    kind: Literal["expiry"]
    before: Thresholds

    def views(self) -> Mapping[str, Columns]:
        """See `ScenarioKind.views`."""
        return {"certification": CERTIFICATION}

    def thresholds(self) -> list[int]:
        """The days before the expiry."""
        return self.before

    def bounds(self) -> dict[str, Any]:
        """See `ScenarioKind.bounds`."""
        return {"longest_days": max(one.before[-1] for one in self.variants())}

    def remembered_days(self) -> int:
        """See `ScenarioKind.remembered_days`."""
        return self.before[-1] + 31

    @staticmethod
    def explained(facts: Mapping[str, Any]) -> str:
        """See `ScenarioKind.explained`."""
        thresholds = f"the thresholds are {', '.join(map(str, facts['thresholds']))} days"
        if "expires_on" not in facts:
            return f"no certificate; {thresholds}"
        left = facts["days_left"]
        until = f"in {left} days" if left >= 0 else f"{-left} days ago"
        renewed = f" and {facts['renewed']} renewed" if facts["renewed"] else ""
        return (
            f"certificate {facts['certification_id']}, the next of {facts['certificates']}{renewed}, "
            f"expires on {facts['expires_on']} ({until}); {thresholds}"
        )
