"""Which schedules are due: the latest missed instant of each, and how many were missed."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from rekindle.ports import Due, Schedule
from rekindle.scenario.cron import instants_before

OVERDUE_SECONDS = 600.0
"""An instant that nobody has begun for this long is overdue. A worker begins it within seconds; a
scheduler that calls `rekindle tick` may do so every few minutes."""

MAX_COUNTED = 10_000
"""Missed instants of one schedule are counted up to this number: a week of a schedule that fires
each minute."""


@dataclass(frozen=True, slots=True)
class Agenda:
    """`begin`: schedules to begin now, by their instant, oldest first. `skip`: schedules that have
    only instants older than the catch-up window."""

    begin: Mapping[datetime, Sequence[Due]]
    skip: Sequence[Due]


def agenda(schedules: Sequence[Schedule], *, catch_up_seconds: float) -> Agenda:
    """What is due by the database's time. Only the latest missed instant of a schedule is begun,
    and only if it is not older than `catch_up_seconds`."""
    begin: defaultdict[datetime, list[Due]] = defaultdict(list)
    skip: list[Due] = []
    for schedule in schedules:
        instants = missed(schedule)
        if not instants:
            continue
        latest = instants[0]
        if schedule.now - latest <= timedelta(seconds=catch_up_seconds):
            begin[latest].append(Due(schedule, latest, len(instants) - 1))
        else:
            skip.append(Due(schedule, latest, len(instants)))
    return Agenda(dict(sorted(begin.items())), skip)


def overdue_since(schedule: Schedule) -> datetime | None:
    """The oldest instant that nobody has begun, if that is `OVERDUE_SECONDS` ago; None: the
    schedule is not overdue."""
    instants = missed(schedule)
    late = bool(instants) and schedule.now - instants[-1] > timedelta(seconds=OVERDUE_SECONDS)
    return instants[-1] if late else None


def missed(schedule: Schedule) -> list[datetime]:
    """The instants after the mark and not after now, newest first."""
    found: list[datetime] = []
    # One second more, because the last instant is exclusive.
    for instant in instants_before(schedule.cron, schedule.timezone, schedule.now + timedelta(seconds=1)):
        if instant > schedule.now:
            continue
        if instant <= schedule.last_at or len(found) == MAX_COUNTED:
            break
        found.append(instant)
    return found
