"""What is said of trials."""

from collections.abc import Mapping
from datetime import timedelta

from rekindle.effect.intervals import visible
from rekindle.effect.words import LEAST_SETTLED
from rekindle.errors import EffectMissing
from rekindle.ports import OF_TEXTS, PROGRAMME, Outlook, TrialChange, TrialTerms, scenario_of

ALPHA = 0.025
"""Of the interval of the agreed day."""

USUAL_RATE = 0.2
"""The share of people who come back without a push, while none is known."""


def trial_line(change: TrialChange, *, dry_run: bool) -> str:
    """One line for a trial that an apply starts or ends, or would."""
    terms = change.terms
    what = _trial(terms.scope)
    done = f"{'would be ' if dry_run else ''}{change.change}"
    if change.change == "ended":
        return f"{done}: {what}"
    if terms.held is None:
        (first, most), *others = terms.weights.items()
        parts = "".join(f", {weight / 100:g} % text {name}" for name, weight in others)
        return f"{done}: {what}; {most / 100:g} % of the people get text {first}{parts}, until {terms.until_on}"
    people = "people" if terms.unit == "person" else "chapters"
    return f"{done}: {what}; {terms.held / 100:g} % of the {people} get no push until {terms.until_on}"


def renamed_line(change: TrialChange, names: Mapping[str, str], *, dry_run: bool) -> str:
    """Why a trial ends whose scenario is renamed, and how to keep it; else empty.

    Args:
        names: by former name, the new one.
    """
    terms = change.terms
    name = names.get(scenario_of(terms.scope))
    if change.change != "ended" or name is None:
        return ""
    why = f"  A trial ends with the name of its scenario, which is {name} now. `rekindle effect` lists it as earlier"
    if not dry_run:
        return f"{why}, and a trial under the new name has other arms."
    agreed_on = terms.until_on + timedelta(days=1, seconds=terms.horizon_seconds)
    return f"{why}. To finish it first, apply the new name on {agreed_on} or later."


def outlook_line(change: TrialChange) -> str:
    """What a trial that starts can show by its day; empty for one that ends."""
    if change.change == "ended":
        return ""
    if change.outlook is None:
        return "  What it can show is not known: there are fewer days of pushes than the trial has before it."
    if change.terms.unit == "chapter":
        return "  What it can show depends on the number of chapters: 30 in each arm are the least."
    return f"  {_seen(change.terms, change.outlook)}"


def _seen(terms: TrialTerms, outlook: Outlook) -> str:
    people = (
        f"As in the last {outlook.days:,} days, about {outlook.people:,} people would take part by {terms.until_on}"
    )
    rate = USUAL_RATE if outlook.rate is None else outlook.rate
    more = "Hold out a larger part" if terms.held is not None else "Take fewer texts, or more equal weights"
    without = "without a push" if terms.held is not None else "after the first text"
    try:
        gain = _least_seen(terms, outlook.people, rate) if outlook.people else None
    except EffectMissing as missing:
        return f"{people}. {missing.hint}"
    if gain is None:
        return f"{people}: too few to see any difference. {more}, or choose a later day."
    return f"{people}: a difference of {gain * 100:.1f} points would be seen, if {rate:.0%} come back {without}."


def _least_seen(terms: TrialTerms, people: int, rate: float) -> float | None:
    """The difference that would be seen: in a text trial, between the first text and any other.
    None if there is none, or if an arm is likely to be too small for any word."""
    if terms.held is not None:
        return _gain(people, rate, 1 - terms.held / 10_000, ALPHA)
    first, *others = terms.weights.values()
    gains = [
        _gain(round(people * (first + other) / 10_000), rate, other / (first + other), ALPHA / len(others))
        for other in others
    ]
    known = [gain for gain in gains if gain is not None]
    return max(known) if len(known) == len(gains) else None


def _gain(people: int, rate: float, share: float, alpha: float) -> float | None:
    if people * min(share, 1 - share) < LEAST_SETTLED:
        return None
    return visible(people, rate, share, alpha)


def held_out(scope: str) -> str:
    """What is added to a claim of a person who is held out."""
    return f", and get no push: held out by {_trial(scope)}"


def _trial(scope: str) -> str:
    if scope == PROGRAMME:
        return "the trial of the whole programme"
    return f"the {'text trial' if scope.startswith(OF_TEXTS) else 'trial'} of {scenario_of(scope)}"
