"""How often people come back without a push, and what that means for a control group."""

from rekindle.effect.intervals import needed
from rekindle.effect.libraries import library
from rekindle.errors import EffectMissing

WORTH = 0.05
"""The gain that is asked for: five percentage points."""

_ALPHA = 0.025


def likely(came_back: int, people: int) -> tuple[float, float] | None:
    """Wilson's interval at 95 % for the share of people who come back; None without people, or if a
    library is not installed."""
    if not people:
        return None
    try:
        proportion = library("statsmodels.stats.proportion")
    except EffectMissing:
        return None
    lower, upper = proportion.proportion_confint(came_back, people, alpha=0.05, method="wilson")
    return float(lower), float(upper)


def people_needed(came_back: int, people: int, *, held_out: float) -> int | None:
    """How many people, in both arms together, show a gain of five points with a probability of
    80 %, if the others come back at this rate; None if that is not known.

    Args:
        held_out: the share of the control group, above 0 and below 1.
    """
    if not people:
        return None
    try:
        return needed(WORTH, came_back / people, 1 - held_out, _ALPHA)
    except EffectMissing:
        return None
