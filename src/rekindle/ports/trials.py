"""What a configuration says about trials, and what an `apply` changes of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

PROGRAMME = "*"
"""The scope of a trial of all scenarios together. The scope of another is its scenario."""


@dataclass(frozen=True, slots=True)
class TrialTerms:
    """What is fixed when a trial starts. `held` is the control group in hundredths of a per cent,
    `worth` a difference of rates. Nobody new is enrolled from the UTC day `until_on` on. `outcome`
    is `activity`, or the team's query of what should happen."""

    scope: str
    unit: Literal["person", "chapter"]
    held: int
    horizon_seconds: int
    worth: float
    until_on: date
    outcome: str = "activity"


@dataclass(frozen=True, slots=True)
class Outlook:
    """How many people will take part in a trial by its day, if as many are nudged as in the same
    time until now, and which share of people came back after a push. `rate` is None while too few
    pushes were looked back at."""

    days: int
    people: int
    rate: float | None


@dataclass(frozen=True, slots=True)
class TrialChange:
    """A trial that an `apply` starts or ends. `outlook`: of one that starts; None while the ledger
    has fewer days behind it than the trial has before it."""

    change: Literal["started", "ended"]
    terms: TrialTerms
    outlook: Outlook | None = None

    def document(self) -> Mapping[str, object]:
        """The change for programs."""
        terms = self.terms
        return {
            "change": self.change,
            "scope": terms.scope,
            "by": terms.unit,
            "held_out": terms.held / 10_000,
            "horizon_days": terms.horizon_seconds // 86_400,
            "until": terms.until_on.isoformat(),
            "worth": terms.worth,
            "outcome": "activity" if terms.outcome == "activity" else "query",
        }
