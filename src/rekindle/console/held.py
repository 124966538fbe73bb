"""What the guard said when it halted a run, as figures. The text is the one that the run keeps; see
`rekindle.postgres.guard.held`."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rekindle.errors import HeldByGuard
from rekindle.model import Report

_SCENARIO = re.compile(r"(?:^|: |; )scenario (\S+) would claim ([\d,]+) people:")
_SENTENCE = re.compile(r"RK502: (?:the guard holds back \d+ scenarios: )?(.+?)\. See `rekindle plan`")
_SHARE = re.compile(
    r"that makes ([\d,]+) people in 24 hours for ([\d,]+) active recipients, and max_share = (\S+)% allows ([\d,]+)"
)
_MEDIAN = re.compile(
    r"that makes ([\d,]+) people of this scenario in 24 hours, and max_times_median = \S+ allows ([\d,]+)"
)


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit of the guard that a claim exceeds: how many people it would come to in 24 hours, and
    how many are allowed. `recipients`: of how many active people; None: it is about what is usual
    for the scenario."""

    would: int
    allowed: int
    recipients: int | None


@dataclass(frozen=True, slots=True)
class Held:
    """One scenario that the guard held back. A run that was limited to organisations has no
    limits: they are about everybody."""

    scenario: str
    people: int
    limits: Sequence[Limit]


def held_in(halted_by: str | None) -> list[Held]:
    """The scenarios that the guard held back in a run; empty: it was not the guard that halted it,
    or an older release wrote the text."""
    if halted_by is None or not halted_by.startswith(HeldByGuard.code):
        return []
    found = list(_SCENARIO.finditer(halted_by))
    ends = [one.start() for one in found[1:]] + [len(halted_by)] * bool(found)
    return [
        Held(one[1], _number(one[2]), _limits(halted_by[one.end() : end])) for one, end in zip(found, ends, strict=True)
    ]


def sentences(report: Report) -> list[str]:
    """What the guard held back in a run, scenario by scenario, in the words that the run keeps;
    empty: it was not the guard that halted it."""
    text = report.halted_by or ""
    if report.status != "halted" or not text.startswith(HeldByGuard.code):
        return []
    return [one[:1].upper() + one[1:] for one in _SENTENCE.findall(text)] or [text]


def _limits(text: str) -> list[Limit]:
    shares = [Limit(_number(one[1]), _number(one[4]), _number(one[2])) for one in _SHARE.finditer(text)]
    return [*shares, *(Limit(_number(one[1]), _number(one[2]), None) for one in _MEDIAN.finditer(text))]


def _number(text: str) -> int:
    return int(text.replace(",", ""))
