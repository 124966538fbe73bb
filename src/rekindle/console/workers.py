"""Workers: the processes that begin runs by the schedules."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from rekindle.api.access import require
from rekindle.app import Engine
from rekindle.console.pages import Pages

_EVERYWHERE = require("read", everywhere=True)


class WorkerPages:
    """The workers that are alive. They work for every organisation, so a limited reader does not
    see them, as in the API."""

    def __init__(self, pages: Pages, engine: Engine) -> None:
        self._pages = pages
        self._engine = engine

    def routes(self) -> list[Route]:
        """The routes."""
        return [Route("/workers", self.listed, methods=["GET"])]

    async def listed(self, request: Request) -> Response:
        """Workers, oldest first, and whether a schedule waits for one."""
        await _EVERYWHERE(request)  # mutant: workers-scope
        workers = await self._engine.workers()
        return await self._pages.page(
            request,
            "workers.html",
            workers=workers,
            differ=len({(one.release, one.configuration) for one in workers}) > 1,
            overdue=[one.schedule.scenario_type for one in await self._engine.schedules() if one.state == "overdue"],
        )
