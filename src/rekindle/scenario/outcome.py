"""What a scenario is for: the table [scenario.NAME.outcome]."""

from typing import Annotated

from pydantic import AfterValidator

from rekindle.scenario.reach import Seconds, Strict

_DAY = 86_400
LONGEST_DAYS = 366
LATE_SECONDS = _DAY
"""How long after its horizon a push is looked back at: activity may be entered late."""


def _whole_days(seconds: int) -> int:
    if seconds % _DAY or seconds > LONGEST_DAYS * _DAY:
        raise ValueError(f"is not a valid horizon; write whole days up to {LONGEST_DAYS}d, such as 14d")
    return seconds


Horizon = Annotated[Seconds, AfterValidator(_whole_days)]
HORIZON = 14 * _DAY


class Outcome(Strict):
    """People who were nudged should be active again within `horizon` seconds."""

    horizon: Horizon = HORIZON

    @property
    def looked_back_after(self) -> int:
        """The seconds after a push until it is known whether the person came back."""
        return self.horizon + LATE_SECONDS
