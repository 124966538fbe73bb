"""Status: whether everything that should run by itself does."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from rekindle.fleet.due import missed, overdue_since
from rekindle.ports import Counts, Fleet, LastTick, LiveWorker, Schedule
from rekindle.scenario.cron import next_instant

State = Literal["ok", "waiting", "failed", "overdue"]


@dataclass(frozen=True, slots=True)
class ScheduleStatus:
    """One schedule.

    State: ok; waiting, an instant has come and is not begun yet; failed, the run of the last
    instant could not start, was halted or lost; overdue, an instant was not begun for
    `OVERDUE_SECONDS` (`rekindle.fleet.due`). `last_at` is the last instant that was begun; None:
    none yet, or it was skipped. `next_at` is the next one.
    """

    schedule: Schedule
    state: State
    last: LastTick | None
    next_at: datetime

    @property
    def last_at(self) -> datetime | None:
        """The last instant that was begun."""
        return None if self.last is None else self.schedule.last_at


@dataclass(frozen=True, slots=True)
class Status:
    """The schedules by name, the live workers, and what waits or went wrong."""

    schedules: Sequence[ScheduleStatus]
    workers: Sequence[LiveWorker]
    counts: Counts

    @property
    def exit_code(self) -> int:
        """2 if a schedule is overdue or its last run failed, otherwise 0."""
        return 2 if any(one.state in ("overdue", "failed") for one in self.schedules) else 0


@dataclass(frozen=True, slots=True)
class Ticks:
    """The age of the newest instant that was begun (None: none was), and whether a schedule is
    overdue."""

    age_seconds: float | None
    overdue: bool


async def ticks(fleet: Fleet) -> Ticks:
    """The age of the last tick. One statement; reads only."""
    found = await schedules(fleet)
    ages = [(one.schedule.now - one.last_at).total_seconds() for one in found if one.last_at is not None]
    return Ticks(min(ages, default=None), any(one.state == "overdue" for one in found))


async def status(fleet: Fleet) -> Status:
    """How it is now. Three statements; reads only."""
    return Status(await schedules(fleet), await fleet.workers(), await fleet.counts())


async def schedules(fleet: Fleet) -> Sequence[ScheduleStatus]:
    """The schedules in force, by name. One statement; reads only."""
    return [_of(*one) for one in await fleet.last_ticks()]


def _of(schedule: Schedule, last: LastTick | None) -> ScheduleStatus:
    state: State = "ok"
    if overdue_since(schedule) is not None:
        state = "overdue"
    elif last is not None and last.status in ("not_started", "halted", "abandoned"):
        state = "failed"
    elif missed(schedule):
        state = "waiting"
    return ScheduleStatus(schedule, state, last, next_instant(schedule.cron, schedule.timezone, schedule.now))
