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
    `worth` a difference of rates. Nobody new is enrolled from the UTC day `until_on` on."""

    scope: str
    unit: Literal["person", "chapter"]
    held: int
    horizon_seconds: int
    worth: float
    until_on: date
    outcome: str = "activity"


@dataclass(frozen=True, slots=True)
class TrialChange:
    """A trial that an `apply` starts or ends."""

    change: Literal["started", "ended"]
    terms: TrialTerms

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
        }
