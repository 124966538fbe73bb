"""More than `MOST_DIVIDED` trials on one page: e-BH, after Wang and Ramdas 2022.

Divided among so many, the error that is allowed leaves each of them very little. So another number
is limited instead: of the trials that a page says a word of (`DECIDED`), on average at most a share
of alpha is wrong, whatever the trials have in common, and on whichever day somebody looks.
"""

import math
from collections.abc import Sequence
from typing import Any

from rekindle.effect.intervals import Counts, log_evidence
from rekindle.effect.libraries import library

MOST_DIVIDED = 20
"""Trials side by side of which each has its part of the error."""


def ln_evidence(counts: Counts | Any, share: float, worth: float) -> Any:
    """The logarithm of the evidence for the word of a trial: a reading at a level `a` says one of
    `DECIDED` exactly where this is above ln 1/a.

    If such a word is wrong, its expectation is at most 1, as that of `e_value`, of which it is the
    larger half where the word is about zero.

    Args:
        counts: `Counts`, or an array of them whose last axis has the four numbers.
    """
    np = library("numpy")
    each = np.asarray(counts, float)
    mirrored = each[..., [2, 3, 0, 1]]
    helps, not_worse = (log_evidence(one, each, share) for one in (0.0, -worth))
    harms, not_better = (log_evidence(one, mirrored, 1 - share) for one in (0.0, -worth))
    return np.maximum(np.maximum(helps, harms), np.minimum(not_worse, not_better)) - math.log(2)


def alpha_of_each(evidence: Sequence[float | None], alpha: float) -> float:
    """The level at which each trial of the page is read: `alpha` times the number of words that are
    then said, divided by the number of trials.

    Args:
        evidence: the logarithm for each trial of the page; None for one that has no word yet. They
            count, too: it is not known beforehand which will have one.
        alpha: the share of words that may be wrong.
    """
    ordered = sorted((one for one in evidence if one is not None), reverse=True)
    words = [
        number
        for number, one in enumerate(ordered, start=1)
        if one > math.log(len(evidence) / (alpha * number))  # mutant: e-bh
    ]
    return alpha * max(words, default=1) / len(evidence)  # mutant: level-of-the-words
