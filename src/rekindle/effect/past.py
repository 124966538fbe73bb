"""What a trial said on each day until now: the intervals over time, and words that are no longer
true."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import accumulate, pairwise
from typing import TypeVar

from rekindle.effect.chapters import clusters_on
from rekindle.effect.intervals import anytime, log_evidence
from rekindle.effect.libraries import library
from rekindle.effect.trial import Seen, Trial, Verdict, Word
from rekindle.effect.words import LEAST_CHAPTERS, LEAST_SETTLED
from rekindle.ports import FourCounts, TrialFound

T = TypeVar("T")

MOST_STEPS = 60
"""A picture has no room for more."""

DECIDED = (Word.HELPS, Word.HARMS, Word.SMALL)
"""The words that people act on."""


@dataclass(frozen=True, slots=True)
class Step:
    """One day of the trial."""

    on: date
    counts: FourCounts
    """Everybody settled by then."""
    interval: tuple[float, float]
    word: Word | None
    """One of `DECIDED`, or None."""


@dataclass(frozen=True, slots=True)
class Said:
    """A word that was said once, and is not said now."""

    word: Word
    from_on: date
    until_on: date
    """The day on which it was no longer said."""


@dataclass(frozen=True, slots=True)
class Past:
    """The days of a trial."""

    steps: Sequence[Step]
    """At most `MOST_STEPS`, the last one today; each arm has enough people from the first on."""
    zero_out_on: date | None
    """The first day on which the interval was without zero."""
    no_longer: Sequence[Said]


def past(found: TrialFound, trial: Trial, seen: Seen, said: Verdict, alpha: float) -> Past:
    """The days until now. `said` is what is said today."""
    if said.interval is None:
        return Past((), None, ())
    readings = 1 if seen.one_reading else 2  # mutant: half-of-half
    before = [day for day in _days(found, trial, alpha, readings) if day[0] < seen.on]
    today = said.word if said.word in DECIDED else None
    words = [(on, word) for on, _, word in before] + [(seen.on, today)]
    steps = [
        Step(on, counts, _interval(found, trial, on, counts, alpha, readings), word)
        for on, counts, word in _thinned(before, MOST_STEPS - 1)
    ]
    zero_out_on = next((on for on, word in words if word in (Word.HELPS, Word.HARMS)), None)
    return Past((*steps, Step(seen.on, seen.counts, said.interval, today)), zero_out_on, _no_longer(words))


_Day = tuple[date, FourCounts, Word | None]


def _days(found: TrialFound, trial: Trial, alpha: float, readings: int) -> list[_Day]:
    """Each day on which somebody settled, with everybody settled by then, and the word."""
    settled = [one for one in found.days if any(one.settled)]
    totals = list(accumulate((one.settled for one in settled), _sum))
    days = [
        (one.on, total)
        for one, total in zip(settled, totals, strict=True)
        if min(sum(total[:2]), sum(total[2:])) >= LEAST_SETTLED  # mutant: past-too-few
    ]
    if found.unit == "chapter":
        return _by_chapter(found, trial, days, alpha)
    words = _words([counts for _, counts in days], trial, alpha / readings)
    return [(on, counts, word) for (on, counts), word in zip(days, words, strict=True)]


def _words(counts: Sequence[FourCounts], trial: Trial, alpha: float) -> list[Word | None]:
    """The word of the reading that is right at any time, at `alpha`, for all days at once."""
    if not counts:
        return []
    limit = math.log(2 / alpha)  # half of it is for each side
    each = library("numpy").asarray(counts, float)
    mirrored = each[:, [2, 3, 0, 1]]
    above, above_worth = (log_evidence(one, each, trial.share) > limit for one in (0.0, -trial.worth))
    below, below_worth = (log_evidence(one, mirrored, 1 - trial.share) > limit for one in (0.0, -trial.worth))
    small = above_worth & below_worth
    return [
        Word.HELPS if above[day] else Word.HARMS if below[day] else Word.SMALL if small[day] else None
        for day in range(len(counts))
    ]


def _by_chapter(found: TrialFound, trial: Trial, days: Sequence[tuple[date, FourCounts]], alpha: float) -> list[_Day]:
    """The same for a trial that assigns chapters, for some of the days."""
    shown: list[_Day] = []
    for on, counts in _thinned(days, MOST_STEPS):
        clusters = clusters_on(found.chapters, on, alpha)
        if min(clusters.nudged, clusters.held) < LEAST_CHAPTERS:
            continue
        lower, upper = clusters.interval
        small = -trial.worth < lower and upper < trial.worth
        word = Word.HELPS if lower > 0 else Word.HARMS if upper < 0 else Word.SMALL if small else None
        shown.append((on, counts, word))
    return shown


def _interval(
    found: TrialFound, trial: Trial, on: date, counts: FourCounts, alpha: float, readings: int
) -> tuple[float, float]:
    if found.unit == "chapter":
        return clusters_on(found.chapters, on, alpha).interval
    return anytime(counts, trial.share, alpha / readings)


def _no_longer(words: Sequence[tuple[date, Word | None]]) -> list[Said]:
    """Each word that was said and is not the last one, from its first day to the day on which it
    was last replaced."""
    last = words[-1][1]
    said: dict[Word, Said] = {}
    for (_, word), (next_on, next_word) in pairwise(words):
        if word is not None and word is not last and next_word is not word:
            said[word] = Said(word, said[word].from_on if word in said else _first(words, word), next_on)
    return list(said.values())


def _first(words: Sequence[tuple[date, Word | None]], word: Word) -> date:
    return next(on for on, one in words if one is word)


def _thinned(days: Sequence[T], most: int) -> list[T]:
    """At most that many, evenly spread, the last one among them."""
    if len(days) <= most:
        return list(days)
    return [days[(position + 1) * len(days) // most - 1] for position in range(most)]


def _sum(one: FourCounts, other: FourCounts) -> FourCounts:
    a, b, c, d = (x + y for x, y in zip(one, other, strict=True))
    return a, b, c, d
