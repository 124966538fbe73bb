"""What is known of the trials, as a document of plain names and values for programs."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from rekindle.effect.answers import Answer, Effect, Read
from rekindle.ports import FourCounts

Document = dict[str, Any]


def effect_document(effect: Effect) -> Document:
    """The newest trial of each scope."""
    return {
        "at": effect.at,
        "hint": None if effect.fault is None else effect.fault.hint,
        "trials": [_trial(one) for one in effect.answers],
    }


def _trial(answer: Answer) -> Document:
    return {
        **_terms(answer),
        "accepted": answer.found.accepted,
        "reached_otherwise": answer.found.reached_otherwise,
        "misplaced": answer.found.misplaced,
        "delivered": answer.found.delivered,
        "changed": answer.found.changed,
        "opens": _opens(answer),
        "enrolled_per_week": answer.seen.weekly,
        "not_nudged_per_month": answer.not_nudged_monthly,
        "alpha": answer.alpha,
        **_read(answer.read),
        "earlier": [_terms(one) for one in answer.earlier],
    }


def _opens(answer: Answer) -> Document | None:
    """People whose first push was opened, of those whose was accepted. Nobody who is held out can
    open one, so only two texts have a second arm and a difference."""
    found = answer.found
    if found.opens is None:
        return None
    nudged, control = found.opens.opened
    first = None if found.texts is None else {"accepted": found.texts.first_accepted, "opened": control}
    read = None if answer.read is None else answer.read.opened
    return {
        "nudged": {"accepted": found.accepted, "opened": nudged},
        "control": first,
        "compared": read and {"counts": _counts(read.counts), "interval": _interval(read.interval)},
    }


def _terms(answer: Answer) -> Document:
    """What was agreed, the people, and the word."""
    found, said = answer.found, None if answer.read is None else answer.read.verdict
    a, b, c, d = answer.seen.counts
    nudged, held = found.opted_out
    return {
        "trial_id": found.trial_id,
        "scope": found.scope,
        "by": found.unit,
        "held_out": None if found.held is None else found.held / 10_000,
        "texts": None
        if found.texts is None
        else {
            "first": found.texts.first,
            "other": found.texts.other,
            "first_weight": found.texts.first_weight / 10_000,
            "other_weight": found.texts.other_weight / 10_000,
            "first_accepted": found.texts.first_accepted,
        },
        "horizon_days": found.horizon_days,
        "worth": found.worth,
        "outcome": "activity" if found.outcome == "activity" else "query",
        "started_at": found.started_at,
        "until": found.until_on,
        "agreed_on": answer.trial.agreed_on,
        "ended_at": found.ended_at,
        "on": answer.seen.on,
        "nudged": {"enrolled": answer.seen.enrolled[0], "settled": a + b, "came_back": a, "opted_out": nudged},
        "control": {"enrolled": answer.seen.enrolled[1], "settled": c + d, "came_back": c, "opted_out": held},
        "word": None if said is None else said.word.value,
        "text": None if said is None else said.text,
        "interval": None if said is None else _interval(said.interval),
    }


def _read(read: Read | None) -> Document:
    if read is None:
        return {
            "notes": [], "needed": None, "weeks": None, "zero_out_on": None, "no_longer": [], "days": [],
            "back": {"nudged": [], "control": []}, "months": [], "opted_out": None,
        }  # fmt: skip
    return {
        "notes": list(read.beside),
        "needed": read.needed,
        "weeks": read.weeks,
        "zero_out_on": read.past.zero_out_on,
        "no_longer": [
            {"word": one.word.value, "from": one.from_on, "until": one.until_on} for one in read.past.no_longer
        ],
        "days": [
            {
                "on": one.on,
                "counts": _counts(one.counts),
                "interval": _interval(one.interval),
                "word": one.word and one.word.value,
            }
            for one in read.past.steps
        ],
        "back": {
            "nudged": [dataclasses.asdict(one) for one in read.back.nudged],
            "control": [dataclasses.asdict(one) for one in read.back.held_out],
        },
        "months": [
            {"month": one.month, "counts": _counts(one.counts), "interval": _interval(one.interval)}
            for one in read.months
        ],
        "opted_out": read.opted_out
        and {"counts": _counts(read.opted_out.counts), "interval": _interval(read.opted_out.interval)},
    }


def _counts(counts: FourCounts) -> Mapping[str, int]:
    return dict(zip(("nudged_back", "nudged_away", "control_back", "control_away"), counts, strict=True))


def _interval(ends: tuple[float, float] | None) -> Document | None:
    return None if ends is None else {"lower": ends[0], "upper": ends[1]}
