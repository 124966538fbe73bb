"""Today: what needs somebody, what runs, what comes next, and how many people were reached."""

from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from rekindle.access import Actor
from rekindle.app import Engine
from rekindle.console import needs, words
from rekindle.console.held import held_in
from rekindle.console.pages import Pages
from rekindle.console.progress import Under
from rekindle.console.tabs import coordinates
from rekindle.fleet.status import ScheduleStatus
from rekindle.model import Report
from rekindle.pictures.days import Row, multiples, numbers
from rekindle.ports import Filter, Reached, ScenarioStatus

PERIODS = (30, 90)
"""How many days the chart may show."""
RUNS = 60
"""How many runs are looked at, the newest ones."""
MOST_RUNNING = 5
MOST_UNKNOWN = 100


@dataclass(frozen=True, slots=True)
class Line:
    """What comes next for a scenario, and what its last run did. `last` is None if there is none
    that the reader sees. `held`: the guard held it back in that run; `beside`: it held back another
    scenario, and this one went on."""

    name: str
    next: ScheduleStatus | None
    last: Report | None
    sent: int
    held: bool
    beside: bool


class TodayPages:
    """The first page of every reader. A reader who is limited to organisations sees their runs and
    people alone, and nothing of the installation as a whole."""

    def __init__(self, pages: Pages, engine: Engine) -> None:
        self._pages = pages
        self._engine = engine

    def routes(self) -> list[Route]:
        """The routes."""
        return [
            Route("/", self.first, methods=["GET"]),
            Route("/today", self.today, methods=["GET"]),
        ]

    async def first(self, request: Request) -> Response:
        """The page that the address alone leads to."""
        actor = self._pages.reader(request)
        return RedirectResponse("/mentors" if coordinates(actor) else "/today", status_code=303)

    async def today(self, request: Request) -> Response:
        """The page."""
        actor = self._pages.reader(request)
        period = 90 if request.query_params.get("days") == "90" else 30
        zone = self._pages.zone(request)
        now = datetime.now(zone)
        runs = await self._engine.run_page(Filter(sees=actor.organisations, limit=RUNS))  # mutant: own-today
        schedules = await self._engine.schedules()
        days = [
            datetime.combine(now.date() + timedelta(days=number), time.min, tzinfo=zone)
            for number in range(1 - period, 2)
        ]
        reached = await self._engine.reached(days, sees=actor.organisations)  # mutant: own-reached-today
        scenarios = await self._engine.scenarios()
        stopped = [one for one in needs.stopped(runs, now=now) if await self._open(one, actor)]
        unknown = await self._engine.unknown_page(Filter(sees=actor.organisations, limit=MOST_UNKNOWN + 1))
        return await self._pages.page(
            request,
            "today.html",
            stopped=stopped,
            tried=[one.applied.scenario_type for one in scenarios if one.applied.scenario.trial is not None],
            overdue=[one for one in schedules if one.state == "overdue"],
            failed=needs.failed(schedules, stopped) if actor.unlimited else [],
            unsent=needs.unsent(runs, now=now),
            unknown=len(unknown),
            most_unknown=MOST_UNKNOWN,
            running=[await self._under(one) for one in runs if one.status == "running"][:MOST_RUNNING],
            next=_lines(schedules, scenarios, runs),
            soonest=min(schedules, key=lambda one: one.next_at, default=None),
            last=next((one for one in runs if one.status != "running"), None),
            applied=bool(scenarios),
            period=period,
            periods=PERIODS,
            chart=_chart(reached, _names(scenarios, reached), zone_now=now),
            facts=await self._facts(actor, runs, reached),
            workers=await self._engine.workers() if actor.unlimited else [],
        )

    async def _open(self, one: needs.Stopped, actor: Actor) -> bool:
        """Whether somebody can still do something: not about what the guard held back if it is
        confirmed, or no scenario of it is enabled any more."""
        if not one.held:
            return True
        run = await self._engine.held_run(one.report.run_id, sees=actor.organisations)
        return run is not None and run.open

    async def _under(self, report: Report) -> Under:
        """A run under way with its numbers so far."""
        async with aclosing(self._engine.watch(report.run_id)) as looks:
            async for look in looks:
                return Under.of(look.report)
        return Under.of(report)

    async def _facts(self, actor: Actor, runs: Sequence[Report], reached: Reached) -> list[tuple[str, int, str]]:
        """The figures of the programme: a name, a number, and a path if there is a page of it."""
        last = next((one for one in runs if not one.organisations and any(x.evaluated for x in one.scenarios)), None)
        today = len(reached.days) - 2
        found: list[tuple[str, int, str]] = []
        if last is not None:
            found.append(("Active people, last run", max(one.evaluated for one in last.scenarios), ""))
        found.append(("Reached today", reached.on(today), ""))
        found.append(("Reached in 7 days", sum(reached.on(today - number) for number in range(7)), ""))
        if actor.unlimited:
            counts = (await self._engine.status()).counts
            found.append(("Pushes that wait", counts.waiting, ""))
            found.append(("Tokens found dead, 24 hours", counts.disabled, "/dead-tokens"))
        return found


def _lines(
    schedules: Sequence[ScheduleStatus], scenarios: Sequence[ScenarioStatus], runs: Sequence[Report]
) -> list[Line]:
    """The scenarios by their next instant; those without a schedule last."""
    by_name = {one.schedule.scenario_type: one for one in schedules}
    lines: list[Line] = []
    for name in [one.applied.scenario_type for one in scenarios if one.applied.scenario.enabled_somewhere]:
        last = next((run for run in runs if name in needs.evaluated(run) | needs.names(run)), None)
        sent = sum(part.recorded for part in last.scenarios if part.scenario_type == name) if last else 0
        held = last is not None and any(one.scenario == name for one in held_in(last))
        beside = last is not None and not held and bool(held_in(last))
        lines.append(Line(name, by_name.get(name), last, sent, held, beside))
    return sorted(lines, key=lambda one: (one.next is None, one.next.next_at.timestamp() if one.next else 0, one.name))


def _names(scenarios: Sequence[ScenarioStatus], reached: Reached) -> list[str]:
    """The scenarios in force in their order, then those that reached people before."""
    names = [one.applied.scenario_type for one in scenarios]
    return [*names, *(name for name in reached.people if name not in names)]


def _chart(reached: Reached, names: Sequence[str], *, zone_now: datetime) -> Mapping[str, Any] | None:
    """The chart and its table; None: nobody was reached in this time."""
    if not any(any(counts) for counts in reached.people.values()):
        return None
    local = [day.astimezone(zone_now.tzinfo).date() for day in reached.days[reached.whole : -1]]
    days = [*(words.day(day) for day in local[:-1]), "today"]
    nobody = [0] * (len(reached.days) - 1)
    rows = [Row(name, reached.people.get(name, nobody)[reached.whole :]) for name in names]
    every = 7 if len(days) <= PERIODS[0] else 21
    ticks = [number for number, day in enumerate(local) if day.weekday() == 0][:: every // 7]
    ticks = [*(number for number in ticks if 1 < number < len(days) - max(3, len(days) // 12)), len(days) - 1]
    caption = "People reached per day, newest first"
    return {
        "chart": Markup(multiples(rows, days, ticks=ticks, unit="people reached", so_far=True)),  # noqa: S704 escaped
        "numbers": Markup(numbers(rows, [*days[:-1], "Today"], caption=caption)),  # noqa: S704 escaped
        "since": words.day(local[0]) if reached.whole else None,
    }
