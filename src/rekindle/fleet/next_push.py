"""When a person could get a push next, by the schedules. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from rekindle.fleet.status import ScheduleStatus
from rekindle.ports import Explanation, PersonExplained
from rekindle.scenario.cron import next_instant


@dataclass(frozen=True, slots=True)
class NextPush:
    """The earliest push of one scenario if nothing else changes. `possible_at`: when a claim could
    win. `run_at`: the first instant of its schedule from then on; None: it has no schedule."""

    scenario_type: str
    possible_at: datetime
    run_at: datetime | None


def next_pushes(person: PersonExplained, schedules: Sequence[ScheduleStatus]) -> list[NextPush]:
    """The next push of each scenario for which a time can be given, the earliest first: those that
    a schedule begins, then the others. A person who is held out by a trial gets none."""
    at = person.standing.at
    crons = {one.schedule.scenario_type: (one.schedule.cron, one.schedule.timezone) for one in schedules}
    found: list[NextPush] = []
    for one in person.scenarios:
        possible = _possible_at(one, at)
        if possible is not None:
            cron = crons.get(one.scenario_type)
            found.append(NextPush(one.scenario_type, possible, cron and next_instant(*cron, possible)))
    return sorted(found, key=lambda one: (one.run_at is None, one.run_at or one.possible_at, one.scenario_type))


def _possible_at(one: Explanation, at: datetime) -> datetime | None:
    if one.fault is not None or one.held_out_of is not None:
        return None
    if not one.blocked_by:
        return at
    return None if one.next_at is None else max(at, one.next_at)
