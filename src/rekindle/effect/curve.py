"""What is shown beside the word of a trial and decides nothing: when people came back, by month,
and how many opted out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from rekindle.effect.intervals import anytime, back_by_day
from rekindle.effect.trial import Seen, Trial
from rekindle.effect.words import LEAST_SETTLED
from rekindle.ports import FourCounts, TrialFound

_BAND = 1.96


@dataclass(frozen=True, slots=True)
class DayShown:
    """The share of one arm that was back by a day, with its band for this one look."""

    day: int
    share: float
    lower: float
    upper: float


@dataclass(frozen=True, slots=True)
class BackByDay:
    """Both arms, days on which somebody came back, in order. Only people who settled count."""

    nudged: Sequence[DayShown]
    held_out: Sequence[DayShown]


@dataclass(frozen=True, slots=True)
class MonthShown:
    """People by the month of their first claim."""

    month: date
    counts: FourCounts
    interval: tuple[float, float] | None
    """At any time, at alpha per number of months; None if an arm is too small."""


@dataclass(frozen=True, slots=True)
class SecondOutcome:
    """People who settled, by another outcome than that of the trial. A difference above 0 is of the
    nudged."""

    counts: FourCounts
    interval: tuple[float, float]


def back_by_days(found: TrialFound, seen: Seen) -> BackByDay:
    """The share back by each day since the first claim."""
    a, b, c, d = seen.counts
    nudged = [(day, both[0]) for day, both in found.back if both[0]]
    held_out = [(day, both[1]) for day, both in found.back if both[1]]
    return BackByDay(
        _curve(nudged, a + b, found.horizon_days),
        _curve(held_out, c + d, found.horizon_days),
    )


def months(found: TrialFound, trial: Trial, alpha: float) -> Sequence[MonthShown]:
    """Whether the effect wears off. A trial that assigns chapters has no intervals here."""
    shown: list[MonthShown] = []
    for month, counts in found.months:
        enough = min(sum(counts[:2]), sum(counts[2:])) >= LEAST_SETTLED and found.unit == "person"
        ends = anytime(counts, trial.share, alpha / len(found.months)) if enough else None
        shown.append(MonthShown(month, counts, ends))
    return shown


def opted_out(found: TrialFound, trial: Trial, seen: Seen, alpha: float) -> SecondOutcome | None:
    """People who had opted out within the horizon: the guard rail. None for a trial that assigns
    chapters, whose people are not independent."""
    if found.unit == "chapter":
        return None
    a, b, c, d = seen.counts
    nudged, held_out = found.opted_out
    counts = (nudged, a + b - nudged, held_out, c + d - held_out)
    return SecondOutcome(counts, anytime(counts, trial.share, alpha))


def opened(found: TrialFound, trial: Trial, seen: Seen, alpha: float) -> SecondOutcome | None:
    """People whose first push was opened. Only two texts can be compared by it: nobody who is held
    out can open a push."""
    if found.opens is None or found.texts is None or found.unit == "chapter":  # mutant: opens-of-texts
        return None
    a, b, c, d = seen.counts
    other, first = found.opens.settled
    counts = (other, a + b - other, first, c + d - first)
    return SecondOutcome(counts, anytime(counts, trial.share, alpha))


def _curve(back: Sequence[tuple[int, int]], people: int, horizon_days: int) -> list[DayShown]:
    days = [day for day, number in back for _ in range(number)]
    away = people - len(days)
    curve = back_by_day([*days, *[horizon_days] * away], [True] * len(days) + [False] * away)
    return [
        DayShown(int(day), share, max(0.0, share - _BAND * error), min(1.0, share + _BAND * error))
        for day, share, error in curve
    ]
