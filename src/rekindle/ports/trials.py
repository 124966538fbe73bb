"""What a configuration says about trials, and what an `apply` changes of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Literal

PROGRAMME = "*"
"""The scope of a trial of all scenarios together. The scope of another is its scenario."""

OF_TEXTS = "text:"
"""What the scope of a text trial begins with, before its scenario."""


def scenario_of(scope: str) -> str:
    """The scenario of a scope that is not `PROGRAMME`."""
    return scope.removeprefix(OF_TEXTS)


def weights_of(ends: Sequence[int]) -> list[int]:
    """The parts of the people whose ends these are."""
    return [end - before for before, end in pairwise((0, *ends))]


@dataclass(frozen=True, slots=True)
class TrialTerms:
    """What is fixed when a trial starts. `held` is the control group in hundredths of a per cent,
    `worth` a difference of rates. Nobody new is enrolled from the UTC day `until_on` on. `outcome`
    is `activity`, or the team's query of what should happen. A text trial has no control group. Its
    `text_ends` have, for each text, the bucket below which people get it, and its digest what the
    texts say."""

    scope: str
    unit: Literal["person", "chapter"]
    held: int | None
    horizon_seconds: int
    worth: float
    until_on: date
    outcome: str = "activity"
    texts: tuple[str, ...] = ()
    text_ends: tuple[int, ...] = ()
    texts_sha256: str | None = None

    @property
    def weights(self) -> Mapping[str, int]:
        """The part of the people who get each text, in hundredths of a per cent."""
        return dict(zip(self.texts, weights_of(self.text_ends), strict=True))


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
            "held_out": None if terms.held is None else terms.held / 10_000,
            "texts": {name: weight / 10_000 for name, weight in terms.weights.items()},
            "horizon_days": terms.horizon_seconds // 86_400,
            "until": terms.until_on.isoformat(),
            "worth": terms.worth,
            "outcome": "activity" if terms.outcome == "activity" else "query",
        }
