"""What the counts of two arms say about the difference between them.

A difference is the rate of the nudged minus the rate of the held out, from -1 to 1. `Counts` are
four numbers: nudged and came back, nudged and did not, held out and came back, held out and did
not. `share` is the chance of being nudged, above 0 and below 1, as the trial fixed it beforehand.
`alpha` is the highest probability allowed of an interval without the true difference.

Every function raises `EffectMissing` if a library is not installed.

Source: Waudby-Smith and Ramdas 2024, theorem 3 (`anytime`); Newcombe 1998, method 10 (`one_look`);
Lindon and Malek 2022 (`ln_broken`). docs/explanation/does-it-help.md says what was compared.
"""

import math
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Literal

from rekindle.effect.libraries import library

Counts = Sequence[float]
Method = Literal["newcombe", "anytime"]

POWER_80 = 0.8416212335729143
"""The quantile of the standard normal distribution at 80 %."""

MOST_PEOPLE = 100_000_000
"""`needed` looks no further."""


def log_evidence(effect: float, counts: Any, share: float) -> Any:
    """The logarithm of the evidence that the true difference is above `effect`.

    If the true difference is `effect`, its expectation is exactly 1 after any number of people, so
    by Ville's inequality it ever reaches 1/x with a probability of at most x.

    Args:
        counts: `Counts`, or an array of them whose last axis has the four numbers.

    Returns:
        One number, or an array without the last axis.
    """
    np = library("numpy")
    payoffs, bets = _bets(share)
    stakes = np.log1p(bets * (payoffs - effect)).reshape(4, -1)
    wealth = np.asarray(counts, float) @ stakes
    # scipy's logsumexp is four times as slow for so few numbers, and a page asks for thousands.
    most = wealth.max(axis=-1, keepdims=True)
    return most[..., 0] + np.log(np.exp(wealth - most).mean(axis=-1))


def anytime(counts: Counts, share: float, alpha: float) -> tuple[float, float]:
    """Lower and upper end of an interval that is right whenever somebody looks, however often.

    The probability that it is ever without the true difference is at most `alpha`. With no people
    it is (-1, 1).
    """
    a, b, c, d = counts
    return _lower((a, b, c, d), share, alpha), -_lower((c, d, a, b), 1 - share, alpha)


def one_look(counts: Counts, alpha: float) -> tuple[float, float]:
    """Lower and upper end of Newcombe's interval, which is right for one look on a day that was
    agreed beforehand, and for no other. Each arm needs at least one person."""
    a, b, c, d = counts
    lower, upper = library("statsmodels.stats.proportion").confint_proportions_2indep(
        a, a + b, c, c + d, method="newcomb", compare="diff", alpha=alpha, correction=False
    )
    return float(lower), float(upper)


def e_value(counts: Counts, share: float) -> float:
    """The evidence against no difference, in either direction; 20 is as rare as 5 % at most."""
    return math.exp(min(ln_e_value(counts, share), 700.0))


def ln_e_value(counts: Counts, share: float) -> float:
    """The logarithm of `e_value`, which has no upper limit."""
    a, b, c, d = counts
    one, other = log_evidence(0, counts, share), log_evidence(0, (c, d, a, b), 1 - share)
    return float(library("numpy").logaddexp(one, other) - math.log(2))


def ln_broken(nudged: float, held: float, share: float, k: float = 100.0) -> float:
    """The logarithm of the evidence that people are not assigned to the arms by `share`.

    The check may be made as often as you like: an assignment that is right ever reaches ln 1,000
    with a probability of at most 0.001.

    Args:
        nudged: people (or chapters) in the nudged arm.
        held: those in the control group.
        k: how many people the prior is worth.
    """
    betaln = library("scipy.special").betaln
    a, b = k * share, k * (1 - share)
    return float(betaln(a + nudged, b + held) - betaln(a, b) - nudged * math.log(share) - held * math.log1p(-share))


def visible(people: int, rate: float, share: float, alpha: float, method: Method = "newcombe") -> float | None:
    """The smallest gain that an interval at `alpha` shows with a probability of 80 %.

    Args:
        people: in both arms together.
        rate: of the held out, 0 to 1.
        method: `newcombe` for the agreed day, `anytime` for any day.

    Returns:
        A difference of rates, or None if no gain that is possible would be seen.
    """
    nudged, held = people * share, people * (1 - share)
    most = 1 - rate
    if people < 1 or most <= 0:
        return None
    excludes = _excludes_zero(method, share, alpha)

    def seen(gain: float) -> float:
        came = rate + gain
        return excludes((nudged * came, nudged * (1 - came), held * rate, held * (1 - rate)))

    if seen(most) <= 0:
        return None
    least = 0.0 if seen(0.0) > 0 else _root(seen, 0.0, most)
    came = rate + least
    spread = came * (1 - came) / nudged + rate * (1 - rate) / held
    gain = least + POWER_80 * math.sqrt(spread)
    return gain if gain <= most else None


def needed(gain: float, rate: float, share: float, alpha: float, method: Method = "newcombe") -> int | None:
    """The least number of people in both arms together at which `visible` is at most `gain`; None
    if it is above `MOST_PEOPLE`, or the rate leaves no room for the gain."""

    def enough(people: int) -> bool:
        found = visible(people, rate, share, alpha, method)
        return found is not None and found <= gain

    if gain <= 0 or rate + gain > 1:
        return None
    high = 1
    while not enough(high):
        high *= 2
        if high > MOST_PEOPLE:
            return None
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def by_chapter(
    came: Sequence[bool], nudged: Sequence[bool], chapters: Sequence[int], alpha: float, tau: float = 0.1
) -> tuple[float, float, float]:
    """Difference, lower and upper end for a trial that assigns whole chapters, at any time.

    It is asymptotic in the number of chapters: use it only with 30 of them in each arm. While all
    people of each arm have done the same, it is (-1, 1): how much chapters differ is not known.

    Args:
        came: per person, whether they came back.
        nudged: per person, the arm of their chapter.
        chapters: per person, the number of their chapter.
        tau: the difference for which the interval is narrowest.
    """
    np = library("numpy")
    alike = len(set(zip(came, nudged, strict=True))) == len(set(nudged))
    design = np.column_stack([np.ones(len(nudged)), np.asarray(nudged, float)])
    model = library("statsmodels.api").OLS(np.asarray(came, float), design)
    fit = model.fit(cov_type="cluster", cov_kwds={"groups": np.asarray(chapters)})
    effect, variance = float(fit.params[1]), float(fit.cov_params()[1, 1])
    if alike:  # the variance is 0, or what rounding has left of it
        return effect, -1.0, 1.0
    g = tau**2 / variance
    half = math.sqrt(variance * (1 + g) / g * (2 * math.log(1 / alpha) + math.log1p(g)))
    return effect, effect - half, effect + half


def back_by_day(days: Sequence[float], back: Sequence[bool]) -> list[tuple[float, float, float]]:
    """Day, share of people back by then, and its standard error by Greenwood, in order of days.

    People whose horizon is not over count until their last day. It describes one look and decides
    nothing.

    Args:
        days: per person, the day since the claim on which they came back or were last seen.
        back: per person, whether they came back.
    """
    if not any(back):
        return []
    np = library("numpy")
    curve = library("statsmodels.duration.survfunc").SurvfuncRight(np.asarray(days, float), np.asarray(back, int))
    triples = zip(curve.surv_times, 1 - curve.surv_prob, curve.surv_prob_se, strict=True)
    return [(float(day), float(share), float(error)) for day, share, error in triples]


def of_texts(weight: float, first: float) -> float:
    """The `share` of one text among people who got it or the first one."""
    return weight / (weight + first)


def _lower(counts: Counts, share: float, alpha: float) -> float:
    limit = math.log(2 / alpha)

    def above(effect: float) -> float:
        return float(log_evidence(effect, counts, share)) - limit

    if above(-1.0) <= 0:
        return -1.0
    return 1.0 if above(1.0) >= 0 else _root(above, -1.0, 1.0)


def _excludes_zero(method: Method, share: float, alpha: float) -> Callable[[Counts], float]:
    """A number that is above 0 where the interval of these counts is above 0."""
    if method == "newcombe":
        return lambda counts: one_look(counts, alpha)[0]
    return lambda counts: float(log_evidence(0, counts, share)) - math.log(2 / alpha)


def _root(function: Callable[[float], float], low: float, high: float) -> float:
    return float(library("scipy.optimize").brentq(function, low, high, xtol=1e-12))


@cache
def _bets(share: float) -> tuple[Any, Any]:
    """Per outcome, guess and size: what one person pays, and how much is bet. The evidence is the
    mean over 8 guesses of the rate that both arms share and 8 sizes of the bet."""
    np = library("numpy")
    guesses = (np.sin(np.pi * (2 * np.arange(1, 9) - 1) / 32) ** 2)[:, None]
    sizes = 0.9 * 0.5 ** np.arange(8)  # a bet of 1 could lose everything
    bets = sizes / (1 + np.maximum(guesses / share, (1 - guesses) / (1 - share)))
    payoffs = [(1 - guesses) / share, -guesses / share, -(1 - guesses) / (1 - share), guesses / (1 - share)]
    return np.stack(payoffs), bets
