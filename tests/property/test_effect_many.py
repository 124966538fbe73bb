"""More than twenty trials on one page: of the words that are said, on average at most 5 % are
wrong, also if somebody looks every day and stops at the worst moment."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rekindle.effect.answers import ALPHA
from rekindle.effect.intervals import anytime, ln_e_value
from rekindle.effect.many import alpha_of_each, ln_evidence

NULL, REAL = 40, 3
PAGES, DAYS, PEOPLE = 150, 40, 50
"""`PEOPLE` is of one trial on one day. Half of them are held out."""
BASE, GAIN, WORTH = 0.2, 0.1, 0.05


def pages() -> Any:
    """The counts of each page, day and trial, the trials without an effect first. One in two pages
    has trials of the same people, whose results are alike."""
    random = np.random.default_rng(20261126)
    gains = np.array([0.0] * NULL + [GAIN] * REAL)
    nudged = random.binomial(PEOPLE, 0.5, (PAGES, DAYS, NULL + REAL))
    nudged[::2, :, :NULL] = nudged[::2, :, :1]
    came = random.binomial(nudged, BASE + gains)
    away = random.binomial(PEOPLE - nudged, BASE)
    for counts in (came, away):
        counts[::2, :, :NULL] = counts[::2, :, :1]
    return np.stack([came, nudged - came, away, PEOPLE - nudged - away], -1).cumsum(1)


def wrong_share(evidence: Any, alpha_of_page: Any) -> float:
    """The mean share of wrong words, if each page is looked at until its first wrong one."""
    shares: list[float] = []
    for page in evidence:
        for number, day in enumerate(page, start=1):
            said = day > -math.log(alpha_of_page(day))
            if said[:NULL].any() or number == DAYS:
                shares.append(said[:NULL].sum() / max(1, said.sum()))
                break
    return float(np.mean(shares))


def test_at_most_one_word_in_twenty_is_wrong_and_more_is_seen_than_by_dividing() -> None:
    counts = pages()
    evidence = ln_evidence(counts, 0.5, 0.0)  # only words about zero
    assert wrong_share(evidence, lambda day: alpha_of_each(day, ALPHA)) <= ALPHA
    assert wrong_share(evidence, lambda day: ALPHA) > ALPHA, "a check that cannot fail proves nothing"

    last = evidence[:, -1]
    seen = [(day[NULL:] > -math.log(alpha_of_each(day, ALPHA))).sum() for day in last]
    divided = (last[:, NULL:] > math.log((NULL + REAL) / ALPHA)).sum(1)
    assert sum(seen) > 1.05 * divided.sum()


@given(
    st.tuples(*[st.integers(0, 400)] * 4).filter(lambda counts: min(sum(counts[:2]), sum(counts[2:])) > 0),
    st.sampled_from([0.5, 0.8, 0.95]),
    st.sampled_from([0.05, 0.01, 0.001]),
)
def test_the_evidence_of_a_word_is_what_the_interval_says(
    counts: tuple[int, int, int, int], share: float, alpha: float
) -> None:
    lower, upper = anytime(counts, share, alpha)
    said = lower > 0 or upper < 0 or (lower > -WORTH and upper < WORTH)
    evidence = float(ln_evidence(counts, share, WORTH))
    if abs(evidence + math.log(alpha)) > 1e-9:
        assert (evidence > -math.log(alpha)) == said
    about_zero = float(ln_evidence(counts, share, 0.0))
    assert about_zero <= ln_e_value(counts, share) + 1e-9


@pytest.mark.parametrize(
    ("evidence", "words"),
    [
        ([None] * 30, 1),
        ([math.log(599)] + [0.0] * 29, 1),
        ([math.log(601)] + [0.0] * 29, 1),
        ([math.log(301)] * 2 + [0.0] * 28, 2),
        ([math.log(601), math.log(299)] + [None] * 28, 1),
        ([math.log(201)] * 3 + [0.0] * 27, 3),
        ([math.log(21)] * 30, 30),
    ],
)
def test_the_level_is_that_of_the_number_of_words(evidence: list[float | None], words: int) -> None:
    assert alpha_of_each(evidence, 0.05) == pytest.approx(0.05 * words / 30)
