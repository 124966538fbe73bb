"""What a nudge is for: the tables [scenario.NAME.outcome] and [trial.outcome]."""

from typing import Annotated, Self

from pydantic import AfterValidator, model_validator

from rekindle.scenario.query import without_ending
from rekindle.scenario.reach import Seconds, Strict

_DAY = 86_400
LONGEST_DAYS = 366
LATE_SECONDS = _DAY
"""How long after its horizon a push is looked back at: what happened may be entered late."""
ACTIVITY = "activity"
"""The ledger has it for an outcome without a query: any row of the view of that name. It cannot be
a query."""


def _whole_days(seconds: int) -> int:
    if seconds % _DAY or seconds > LONGEST_DAYS * _DAY:
        raise ValueError(f"is not a valid horizon; write whole days up to {LONGEST_DAYS}d, such as 14d")
    return seconds


def _query(text: str) -> str:
    if not (query := without_ending(text)):
        raise ValueError("has only blanks and comments")
    return query


Horizon = Annotated[Seconds, AfterValidator(_whole_days)]
HORIZON = 14 * _DAY


class Outcome(Strict):
    """People who were nudged should come back within `horizon` seconds: be active again, or be in a
    row of the team's `query` of (user_id, happened_at)."""

    horizon: Horizon = HORIZON
    query: Annotated[str, AfterValidator(_query)] | None = None
    file: str | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if self.file is not None:
            # The configuration has replaced it by `query`, unless both were given.
            raise ValueError("give either query or file")
        return self

    @property
    def source(self) -> str:
        """The query, or `ACTIVITY`."""
        return self.query or ACTIVITY

    @property
    def looked_back_after(self) -> int:
        """The seconds after a push until it is known whether the person came back."""
        return self.horizon + LATE_SECONDS
