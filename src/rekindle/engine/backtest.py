"""Backtest: what scenarios would have done in the past. Nothing is claimed or sent."""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import takewhile
from statistics import median
from zoneinfo import ZoneInfo

from rekindle.engine.priority import evaluations
from rekindle.errors import RekindleError
from rekindle.model import Selection
from rekindle.policy import Guard
from rekindle.ports import (
    Aftermath,
    Applied,
    BaseRate,
    Fidelities,
    Fidelity,
    Judged,
    Past,
    PastTick,
    Replays,
    Terms,
)
from rekindle.scenario.cron import instants_before

DAILY = "0 9 * * *"
"""When a scenario without a schedule is replayed."""

MOST_TICKS = 2_000
"""With more ticks than this, those of one hour become one."""

WARM_UP = timedelta(days=31)
"""How long before the time that is asked about a replay begins, at least: the longest window of a
frequency cap. It is as long as the longest cooldown, if that is longer."""


@dataclass(frozen=True, slots=True)
class PastTicks:
    """The ticks of a backtest, oldest first. `thinned`: those of one hour are one."""

    ticks: Sequence[PastTick]
    thinned: bool = False


@dataclass(slots=True)
class PastDay:
    """What one scenario would have done on one local day. `due`: the most people of any tick.
    `nudged`, `pushes` and `registered` are sums over the ticks, as of `Judged`. `held`: the guard
    would have held back a claim."""

    due: int = 0
    nudged: int = 0
    pushes: int = 0
    registered: int = 0
    held: bool = False


@dataclass(frozen=True, slots=True)
class Spread:
    """Numbers per day: the one in the middle, the one that 95 of 100 days do not exceed, and the
    highest."""

    median: float = 0
    high: int = 0
    most: int = 0

    @classmethod
    def of(cls, numbers: Sequence[int]) -> "Spread":
        """The spread of these numbers; zeros if there are none."""
        if not numbers:
            return cls()
        ordered = sorted(numbers)
        return cls(median(ordered), ordered[math.ceil(0.95 * len(ordered)) - 1], ordered[-1])


@dataclass(slots=True)
class ScenarioPast:
    """What one scenario would have done.

    `backlog` is its first tick, at which everybody who is past a mark is due at once. It is not in
    `days`, `refusals` and `collisions`, and neither is the time before that which is asked about.
    `real`: the people that runs found due and that the replay did, as sums over the UTC days on
    which there were runs; None: there were none. `fingerprint`: of the scenario as it was replayed.
    """

    scenario_type: str
    fidelity: Fidelity
    fingerprint: str = ""
    days: dict[date, PastDay] = field(default_factory=dict[date, PastDay])
    backlog: Judged | None = None
    refusals: Counter[str] = field(default_factory=Counter[str])
    collisions: Counter[str] = field(default_factory=Counter[str])
    hours: Mapping[int, int] = field(default_factory=dict[int, int])
    base_rate: BaseRate | None = None
    real: tuple[int, int] | None = None
    fault: RekindleError | None = None
    due_on: dict[date, int] = field(default_factory=dict[date, int])

    def spread(self, of: str) -> Spread:
        """The spread of `due`, `nudged` or `pushes` over the days."""
        return Spread.of([getattr(day, of) for day in self.days.values()])

    def total(self, of: str) -> int:
        """The sum of `nudged`, `pushes` or `registered` over the days."""
        return sum(getattr(day, of) for day in self.days.values())

    @property
    def held_days(self) -> int:
        """The days on which the guard would have held back a claim."""
        return sum(day.held for day in self.days.values())


@dataclass(frozen=True, slots=True)
class Backtest:
    """What the scenarios of one configuration would have done from `since` until before `until`.

    `per_person`: people by their number of pushes. `most_in_7` and `most_in_30`: the most pushes of
    one person in any 7 or 30 days.
    """

    since: datetime
    until: datetime
    timezone: str
    ticks: int
    thinned: bool
    scenarios: Sequence[ScenarioPast]
    per_person: Mapping[int, int]
    most_in_7: int
    most_in_30: int


def past_ticks(
    applied: Sequence[Applied], terms: Terms, *, begins: datetime, ends: datetime, counted_from: datetime
) -> PastTicks:
    """The moments from `begins` until before `ends` at which the schedules name these scenarios,
    with all that a run at that moment would evaluate."""
    instants: dict[datetime, set[str]] = {}
    for one in applied:
        zone = one.scenario.schedule_timezone or terms.timezone or "UTC"
        for at in takewhile(lambda at: at >= begins, instants_before(one.scenario.schedule or DAILY, zone, ends)):
            instants.setdefault(at, set()).add(one.scenario_type)
    thinned = len(instants) > MOST_TICKS
    if thinned:
        instants = _by_the_hour(instants)
    ticks: list[PastTick] = []
    for at, names in sorted(instants.items()):
        chosen = [one for one in applied if one.scenario_type in names]
        others = [one for one in applied if one.scenario_type not in names]
        ticks.append(PastTick(at, evaluations(chosen, Selection(), others, terms), at >= counted_from))
    return PastTicks(ticks, thinned)


def warm_up(applied: Sequence[Applied]) -> timedelta:
    """How long before the time that is asked about a replay of these scenarios begins."""
    longest = max((variant.cooldown for one in applied for variant in one.scenario.variants()), default=0)
    return max(WARM_UP, timedelta(seconds=longest))


async def backtest(
    replays: Replays,
    applied: Sequence[Applied],
    terms: Terms,
    guard: Guard,
    *,
    since: datetime,
    until: datetime,
    seen: Callable[[int, int], None] = lambda _done, _total: None,
) -> Backtest:
    """Replay the scenarios over all their ticks in this time, after a warm-up.

    Nothing is written, and nobody is sent anything. A scenario that cannot be replayed or evaluated
    says why, and the others are replayed without it.

    Args:
        seen: is told how many ticks are done, and how many there are.

    Raises:
        DatabaseError: the database does not answer, or this role may not make temporary tables.
    """
    found = past_ticks(applied, terms, begins=since - warm_up(applied), ends=until, counted_from=since)
    past = Past(found.ticks, since, until, guard, terms.timeout_seconds)
    zone = ZoneInfo(terms.timezone or "UTC")
    prints = {one.scenario_type: one.fingerprint for one in applied}
    pasts: dict[str, ScenarioPast] = {}
    after: Aftermath | None = None
    seen(0, len(found.ticks))
    done: dict[datetime, int] = {tick.at: number for number, tick in enumerate(found.ticks, start=1)}
    async with aclosing(replays.replay(past)) as steps:
        async for step in steps:
            if isinstance(step, Fidelities):
                pasts = {
                    name: ScenarioPast(name, one, prints[name], fault=one.fault)
                    for name, one in step.by_scenario.items()
                }
                for one in pasts.values():
                    one.days = {} if one.fault else _days(since, until, zone)
            elif isinstance(step, Aftermath):
                after = step
            else:
                _count(pasts[step.scenario_type], step, zone)
                seen(done[step.at], len(found.ticks))
    for one in pasts.values():
        _conclude(one, after)
    return Backtest(
        since,
        until,
        str(zone),
        sum(tick.counted for tick in found.ticks),
        found.thinned,
        [pasts[name] for name in sorted(pasts)],
        after.per_person if after else {},
        after.most_in_7 if after else 0,
        after.most_in_30 if after else 0,
    )


def _days(since: datetime, until: datetime, zone: ZoneInfo) -> dict[date, PastDay]:
    first = since.astimezone(zone).date()
    last = (until - timedelta(microseconds=1)).astimezone(zone).date()
    return {first + timedelta(days=number): PastDay() for number in range((last - first).days + 1)}


def _count(one: ScenarioPast, judged: Judged, zone: ZoneInfo) -> None:
    if judged.fault is not None:
        one.fault = judged.fault
        return
    if one.backlog is None:
        one.backlog = judged
        return
    if not judged.counted:
        return
    day = one.days[judged.at.astimezone(zone).date()]
    day.due = max(day.due, judged.due)
    day.nudged += judged.claimed
    day.pushes += judged.pushes
    day.registered += judged.registered
    day.held = day.held or judged.held
    one.refusals.update(judged.refusals)
    one.collisions.update(judged.collisions)
    utc = judged.at.date()
    one.due_on[utc] = max(one.due_on.get(utc, 0), judged.due)


def _conclude(one: ScenarioPast, after: Aftermath | None) -> None:
    if after is None or one.fault is not None:
        return
    one.hours = after.hours.get(one.scenario_type, {})
    one.base_rate = after.base_rates.get(one.scenario_type)
    runs = {day: due for day, due in after.runs.get(one.scenario_type, {}).items() if day in one.due_on}
    if runs:
        one.real = (sum(runs.values()), sum(one.due_on[day] for day in runs))


def _by_the_hour(instants: dict[datetime, set[str]]) -> dict[datetime, set[str]]:
    """The last instant of each hour, with the scenarios of all of them."""
    hours: dict[datetime, tuple[datetime, set[str]]] = {}
    for at, names in sorted(instants.items()):
        hour = at - timedelta(minutes=at.minute, seconds=at.second, microseconds=at.microsecond)
        hours[hour] = (at, hours.get(hour, (at, set[str]()))[1] | names)
    return dict(hours.values())
