"""Runs, and one run: what it did, whether its numbers add up, and what is left."""

from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from rekindle.api.list_routes import RUNS
from rekindle.app import Engine
from rekindle.console import words
from rekindle.console.choices import names_of_scenarios
from rekindle.console.held import held_in
from rekindle.console.pages import Pages
from rekindle.console.progress import Progress
from rekindle.errors import RunNotFound
from rekindle.model import Numbers, Place, Report
from rekindle.ports import Filter
from rekindle.scenario.kinds import SCENARIO_TYPE

PAGE = 25
_SUMS = ("evaluated", "not_due", "refused", "claimed")
_ENDS = ("claimed", "carried", "recorded", "held_out", "skipped", "dead", "unknown", "pending", "handed_over")


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run as the pages show it."""

    report: Report
    at: datetime
    scenarios: str
    by: str
    took: str
    due: int
    claimed: int
    sent: int
    pushes: int
    tag: tuple[str, str, str]
    means: str


class RunPages:
    """The pages of runs. A reader who is limited to organisations sees the runs that were limited
    to some of them, as in the API."""

    def __init__(self, pages: Pages, engine: Engine) -> None:
        self._pages = pages
        self._engine = engine

    def routes(self) -> list[Route]:
        """The routes."""
        return [
            Route("/runs", self.listed, methods=["GET"]),
            Route("/runs/{run_id}", self.one, methods=["GET"]),
        ]

    async def listed(self, request: Request) -> Response:
        """Runs, newest first."""
        actor = self._pages.reader(request)
        scenario = request.query_params.get("scenario") or None
        cursor = request.query_params.get("cursor") or None
        asked = Filter(
            sees=actor.organisations,  # mutant: own-runs
            scenario_type=scenario,
            after=RUNS.read(cursor),
            limit=PAGE + 1,
        )
        known = scenario is None or SCENARIO_TYPE.fullmatch(scenario)
        rows = await self._engine.run_page(asked) if known else ()
        shown, older = RUNS.page(rows, PAGE, lambda one: (one.started_at, one.run_id))
        return await self._pages.page(
            request,
            "runs.html",
            runs=[self._row(request, one) for one in shown],
            older=older,
            cursor=cursor,
            scenario=scenario,
            scenarios=await names_of_scenarios(self._engine, scenario if rows else None),
        )

    async def one(self, request: Request) -> Response:
        """One run."""
        report = await self.report(request)
        return await self._pages.page(request, "run.html", **await self.shown(request, report))

    async def shown(self, request: Request, report: Report) -> dict[str, Any]:
        """What the page of a run shows of it."""
        actor = self._pages.reader(request)
        names = await self._engine.place_names(Place(one) for one in report.organisations)
        organisations = [names.organisations.get(one) or str(one) for one in report.organisations]
        held = held_in(report)
        return {
            "run": self._row(request, report),
            "progress": Progress.of(report),
            "organisations": organisations,
            "parts": [_part(one) for one in report.scenarios],
            "held": await self._engine.held_run(report.run_id, sees=actor.organisations) if held else None,
            "held_back": held,
            "may_confirm": actor.allows("operate"),
        }

    async def report(self, request: Request) -> Report:
        """The run that the path of a request names, with its numbers so far if it is under way.

        Raises:
            RunNotFound: there is none that the reader sees.
        """
        sees = self._pages.reader(request).organisations
        try:
            run_id = UUID(request.path_params["run_id"])
        except ValueError:
            raise RunNotFound(hint="Open Runs.") from None
        found = await self._engine.runs(run_id=run_id, sees=sees)  # mutant: own-run
        if not found:
            raise RunNotFound(hint="Open Runs.")
        if found[0].status != "running":
            return found[0]
        async with aclosing(self._engine.watch(run_id)) as looks:
            async for look in looks:
                return look.report
        return found[0]

    def _row(self, request: Request, one: Report) -> RunRow:
        seconds = None if one.finished_at is None else (one.finished_at - one.started_at).total_seconds()
        return RunRow(
            one,
            one.started_at.astimezone(self._pages.zone(request)),
            words.scenarios(one),
            words.by(one),
            "–" if seconds is None else f"{seconds:,.1f} s",
            sum(part.due for part in one.scenarios),
            sum(part.claimed for part in one.scenarios),
            sum(part.recorded for part in one.scenarios),
            sum(part.pushes for part in one.scenarios),
            words.STATUS[one.status],
            words.MEANS[one.status],
        )


def _part(one: Numbers) -> dict[str, Any]:
    """The two sums of a scenario, and its reasons."""
    evaluated = [(getattr(one, name), name.replace("_", " ")) for name in _SUMS]
    ends = [(getattr(one, name), name.replace("_", " ")) for name in _ENDS]
    return {
        "numbers": one,
        "evaluated": evaluated,
        "ends": ends,
        "refusals": words.refusals(one),
        "endings": [
            (ending, words.ENDINGS.get(ending, ending), reason, count) for ending, reason, count in words.endings(one)
        ],
    }
