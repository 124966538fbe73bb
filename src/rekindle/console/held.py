"""What the guard held back in a run, as the pages show it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rekindle.errors import HeldByGuard
from rekindle.model import HeldBack, Report


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit of the guard that a claim exceeds: how many people it would come to in 24 hours, and
    how many are allowed. `recipients`: of how many active people; None: it is about what is usual
    for the scenario, whose median day has `median` people."""

    would: int
    allowed: int
    recipients: int | None
    median: float | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """One scenario that the guard held back. A run that was limited to organisations has no
    limits: they are about everybody."""

    scenario: str
    people: int
    recipients: int | None
    limits: Sequence[Limit]


def held_in(report: Report) -> list[Held]:
    """The scenarios that the guard held back in a run; empty: something else halted it."""
    text = report.halted_by or ""
    if report.status != "halted" or not text.startswith(HeldByGuard.code):
        return []
    return [_held(one) for one in report.held]


def held_now(each: Iterable[HeldByGuard]) -> list[Held]:
    """The same of what the guard would hold back now."""
    return [_held(HeldBack(one.scenario_type, one.people, **one.figures)) for one in each]


def _held(one: HeldBack) -> Held:
    limits: list[Limit] = []
    # It was held back, so a number that exceeds what is allowed is a limit that counted.
    if one.total is not None and one.share_allows is not None and one.total > one.share_allows:
        limits.append(Limit(one.total, one.share_allows, one.recipients))
    if one.own is not None and one.median_allows is not None and one.own > one.median_allows:
        limits.append(Limit(one.own, one.median_allows, None, one.median))
    return Held(one.scenario_type, one.people, one.recipients, limits)
