"""The numbers of `rekindle effect`: reproduced, exact where that can be enumerated, and right
however often somebody looks."""

import math
from itertools import product

import numpy as np
import pytest

from rekindle.effect.intervals import (
    anytime,
    back_by_day,
    by_chapter,
    e_value,
    ln_broken,
    ln_e_value,
    log_evidence,
    needed,
    of_texts,
    one_look,
    visible,
)

CLOSE = 1e-6

REPRODUCED = [
    line.split("|")
    for line in """
60 240 40 260|0.5|-0.047893 0.181922|-0.055421 0.189462|-0.001763 0.134769|0.080866|-0.975098
180 720 12 88|0.9|-0.087476 0.186491|-0.099653 0.191012|-0.015779 0.143548|-0.089859|-1.206605
6 44 0 50|0.5|-0.124049 0.377738|-0.147533 0.400522|0.005287 0.258837|0.242303|-0.347824
0 25 0 25|0.5|-0.432741 0.432741|-0.479977 0.479977|-0.167330 0.167330|-0.207535|-0.203566
30 0 20 10|0.5|-0.070207 0.734948|-0.108193 0.770672|0.121244 0.537372|1.824329|-0.235939
2400 5600 540 1460|0.8|-0.012782 0.071028|-0.015484 0.073444|0.004523 0.054569|0.541526|-2.311892
9 891 3 97|0.9|-0.129190 0.019779|-0.137390 0.021516|-0.086246 0.003600|-0.406068|-1.206605
1020 3980 1000 4000|0.5|-0.025836 0.033837|-0.027676 0.035677|-0.014000 0.021998|-1.184417|-2.310035
75 425 110 390|0.5|-0.161660 0.021147|-0.166787 0.026257|-0.124742 -0.014921|0.885760|-1.201220
95 655 40 210|0.75|-0.139887 0.056747|-0.147120 0.061280|-0.096938 0.020759|-0.479194|-1.202230
""".strip().splitlines()
]


def numbers(text: str) -> tuple[float, ...]:
    return tuple(float(one) for one in text.split())


@pytest.mark.parametrize("line", REPRODUCED, ids=lambda line: f"{line[0]} at {line[1]}")
def test_intervals_evidence_and_assignment_check_are_those_of_40_digit_arithmetic(line: list[str]) -> None:
    counts, share = numbers(line[0]), float(line[1])
    nudged, held = sum(counts[:2]), sum(counts[2:])
    assert anytime(counts, share, 0.05) == pytest.approx(numbers(line[2]), abs=CLOSE)
    assert anytime(counts, share, 0.025) == pytest.approx(numbers(line[3]), abs=CLOSE)
    assert one_look(counts, 0.025) == pytest.approx(numbers(line[4]), abs=CLOSE)
    assert ln_e_value(counts, share) == pytest.approx(float(line[5]), abs=CLOSE)
    assert math.log(e_value(counts, share)) == pytest.approx(float(line[5]), abs=CLOSE)
    assert ln_broken(nudged, held, share) == pytest.approx(float(line[6]), abs=CLOSE)
    a, b, c, d = counts
    lower, upper = anytime(counts, share, 0.05)
    assert anytime((c, d, a, b), 1 - share, 0.05) == pytest.approx((-upper, -lower), abs=1e-9)


def test_nobody_says_nothing() -> None:
    assert anytime((0, 0, 0, 0), 0.5, 0.05) == (-1, 1)
    assert e_value((0, 0, 0, 0), 0.9) == 1
    assert ln_broken(0, 0, 0.9) == 0
    assert back_by_day([3, 5], [False, False]) == []
    assert e_value((1_000_000, 0, 0, 1_000_000), 0.5) > 1e300


def test_what_can_be_seen_and_how_many_people_it_takes() -> None:
    assert visible(1_000, 0.2, 0.5, 0.025) == pytest.approx(0.082028, abs=CLOSE)
    assert visible(1_000, 0.2, 0.5, 0.025, "anytime") == pytest.approx(0.131946, abs=CLOSE)
    assert visible(3_000, 0.2, 0.9, 0.025) == pytest.approx(0.080141, abs=CLOSE)
    assert needed(0.05, 0.2, 0.5, 0.025) == 2_595
    assert needed(0.05, 0.2, 0.5, 0.025, "anytime") == 6_417
    assert needed(0.1, 0.2, 0.8, 0.025) == 1_106
    for people, points in ((100, 28), (300, 16), (1_000, 8.2), (3_000, 4.6), (10_000, 2.5), (20_000, 1.8)):
        found = visible(people, 0.2, 0.5, 0.025)
        assert found is not None
        assert 100 * found == pytest.approx(points, abs=0.5 if points > 10 else 0.05)


@pytest.mark.parametrize(
    ("people", "rate"), [(0, 0.2), (5, 0.2), (1_000, 1.0), (40, 0.95)], ids=["nobody", "five", "all come", "no room"]
)
def test_a_gain_that_is_not_possible_is_not_promised(people: int, rate: float) -> None:
    assert visible(people, rate, 0.5, 0.025) is None
    assert visible(people, rate, 0.5, 0.025, "anytime") is None
    assert needed(0.06, 0.95, 0.5, 0.025) is None
    assert needed(1e-9, 0.2, 0.5, 0.025) is None


@pytest.mark.parametrize(("share", "effect"), [(0.5, 0.0), (0.9, 0.0), (0.3, 0.15), (0.8, -0.1)])
def test_the_expected_evidence_is_exactly_one(share: float, effect: float) -> None:
    """For every effect that is the same for each person: all ways that 10 people can end."""
    people, base = 10, 0.4
    chances = [
        share * (base + effect),
        share * (1 - base - effect),
        (1 - share) * base,
        (1 - share) * (1 - base),
    ]
    total = 0.0
    for counts in product(range(people + 1), repeat=4):
        if sum(counts) == people:
            ways = math.factorial(people) / math.prod(math.factorial(one) for one in counts)
            chance = ways * math.prod(one**count for one, count in zip(chances, counts, strict=True))
            total += chance * math.exp(log_evidence(effect, counts, share))
    assert total == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("share", [0.5, 0.9])
def test_without_an_effect_it_stays_silent_although_somebody_looks_every_day(share: float) -> None:
    """1,000 programmes of 100 days, 10 people a day; 20 % of either arm come back."""
    rng = np.random.default_rng(7)
    shape = (1_000, 100, 10)
    nudged, came = rng.random(shape) < share, rng.random(shape) < 0.2
    cells = [nudged & came, nudged & ~came, ~nudged & came, ~nudged & ~came]
    counts = np.stack([one.sum(axis=2).cumsum(axis=1) for one in cells], axis=-1).astype(float)
    limit = math.log(2 / 0.025)
    mirrored = counts[..., [2, 3, 0, 1]]
    excluded = (log_evidence(0, counts, share) > limit) | (log_evidence(0, mirrored, 1 - share) > limit)
    assert excluded.any(axis=1).mean() <= 0.025

    agreed = counts[:, -1]
    enough = (agreed[:, :2].sum(1) >= 20) & (agreed[:, 2:].sum(1) >= 20)
    pair = excluded.any(axis=1) | (newcombe_excludes_zero(agreed, 0.025) & enough)
    assert pair.mean() <= 0.05, "anytime, and Newcombe's on the agreed day"

    daily = newcombe_excludes_zero(counts.reshape(-1, 4), 0.05).reshape(1_000, 100)
    assert daily.any(axis=1).mean() > 0.2, "Newcombe's looked at daily must fail, else this proves nothing"


def newcombe_excludes_zero(counts: np.ndarray, alpha: float) -> np.ndarray:
    """As `one_look`, for many counts at once."""
    from statsmodels.stats.proportion import confint_proportions_2indep

    a, b, c, d = np.moveaxis(np.maximum(counts, 1e-9), -1, 0)
    lower, upper = confint_proportions_2indep(
        a, a + b, c, c + d, method="newcomb", compare="diff", alpha=alpha, correction=False
    )
    return (lower > 0) | (upper < 0)


def test_a_trial_by_chapter_counts_chapters() -> None:
    people = [(j, i) for j in range(80) for i in range(3 + 7 * j % 17)]
    arms = [(j * j + j // 3) % 2 for j, _ in people]
    came = [(37 * i + 11 * j) % 100 < 20 + 5 * (j % 4) + 10 * arm for (j, i), arm in zip(people, arms, strict=True)]
    found = by_chapter(came, [bool(arm) for arm in arms], [j for j, _ in people], 0.025)
    assert found == pytest.approx((0.121007, 0.061758, 0.180256), abs=CLOSE)


@pytest.mark.parametrize(("nudged_came", "held_came"), [(False, False), (True, True), (True, False)])
def test_chapters_whose_people_all_did_the_same_say_nothing(nudged_came: bool, held_came: bool) -> None:
    chapters = [chapter for chapter in range(80) for _ in range(5)]
    nudged = [chapter % 2 == 0 for chapter in chapters]
    came = [nudged_came if each else held_came for each in nudged]
    effect, *ends = by_chapter(came, nudged, chapters, 0.05)
    assert effect == pytest.approx(nudged_came - held_came)
    assert ends == [-1, 1]
    came[0] = not came[0]
    _, lower, upper = by_chapter(came, nudged, chapters, 0.05)
    assert -0.1 < lower - (nudged_came - held_came) < 0 < upper - lower < 0.2


def test_the_curve_counts_people_whose_horizon_is_not_over_until_today() -> None:
    curve = back_by_day([1, 1, 2, 3, 5, 7, 7, 6, 14, 14], [True] * 7 + [False] * 3)
    assert [(day, round(share, 9)) for day, share, _ in curve] == [(1, 0.2), (2, 0.3), (3, 0.4), (5, 0.5), (7, 0.75)]
    errors = [0.126491, 0.144914, 0.154919, 0.158114, 0.147902]
    assert [error for _, _, error in curve] == pytest.approx(errors, abs=CLOSE)


def test_two_texts_share_the_people_of_these_two() -> None:
    assert of_texts(2_000, 6_000) == 0.25
