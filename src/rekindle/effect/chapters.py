"""The reading of a trial that assigns whole chapters."""

from collections.abc import Sequence
from datetime import date

from rekindle.effect.intervals import by_chapter
from rekindle.effect.libraries import library
from rekindle.effect.trial import Clusters
from rekindle.effect.words import LEAST_CHAPTERS
from rekindle.ports import ChapterSettled


def clusters_on(chapters: Sequence[ChapterSettled], on: date, alpha: float) -> Clusters:
    """The chapters that have somebody settled by the end of that day, and their interval, which is
    (-1, 1) as long as an arm has fewer than `LEAST_CHAPTERS`.

    Args:
        chapters: in order of days.
        alpha: all of it is for this reading: there is none on the agreed day.
    """
    totals: dict[str, list[int]] = {}
    for one in chapters:
        if one.on > on:
            break
        total = totals.setdefault(one.chapter, [0, 0, 0, 0])
        for position, people in enumerate(one.settled):
            total[position] += people
    nudged = sum(1 for a, b, _, _ in totals.values() if a + b)
    held = sum(1 for _, _, c, d in totals.values() if c + d)
    if min(nudged, held) < LEAST_CHAPTERS:
        return Clusters(nudged, held, (-1.0, 1.0))
    np = library("numpy")
    people = np.asarray(list(totals.values()), int).ravel()
    came = np.tile([True, False, True, False], len(totals))
    arms = np.tile([True, True, False, False], len(totals))
    numbers = np.repeat(np.arange(len(totals)), 4)
    _, lower, upper = by_chapter(np.repeat(came, people), np.repeat(arms, people), np.repeat(numbers, people), alpha)
    return Clusters(nudged, held, (lower, upper))
