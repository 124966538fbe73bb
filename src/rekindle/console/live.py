"""A run under way, as server-sent events: the part of the page that has changed, as HTML, so that
the script has no rules and no texts."""

import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from fastapi.sse import format_sse_event
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from rekindle.api.follow import HEARTBEAT, RETRY, Event, Following
from rekindle.console.pages import Pages
from rekindle.console.progress import Under, changes, said
from rekindle.console.runs import RunPages
from rekindle.errors import NotNow
from rekindle.model import Report

_ID_CHARS = 100


class LivePages:
    """The events of a run, for the pages that show it."""

    def __init__(self, pages: Pages, runs: RunPages, following: Following) -> None:
        self._pages = pages
        self._runs = runs
        self._following = following

    def routes(self) -> list[Route]:
        """The routes."""
        return [Route("/runs/{run_id}/events", self.follow, methods=["GET"])]

    async def follow(self, request: Request) -> Response:
        """`progress` whenever the numbers have changed, at most once per second, and last `ended`
        or `abandoned`. Each has JSON: `part`, the HTML; `log`, lines to add; `said`, what to read
        out; `at`, the time of the day. It ends as the events of the API do.

        Raises:
            RunNotFound: there is no such run that the reader sees.
            TooManyFollowers: nobody more may follow a run now.
        """
        actor = self._pages.reader(request)
        run = await self._runs.report(request)  # mutant: own-live
        events = self._following.events(run.run_id, follower=actor.label)
        async for first in events:
            if first is not None:
                break
        else:
            raise NotNow("the server is stopping")
        shown = request.headers.get("last-event-id", "")[:_ID_CHARS]
        if first.is_last and first.id == shown:
            await events.aclose()
            return Response(status_code=204)
        return StreamingResponse(
            self._stream(request, first, events),
            media_type="text/event-stream",
            headers={"x-accel-buffering": "no"},  # for nginx
        )

    async def _stream(
        self, request: Request, first: Event, events: AsyncGenerator[Event | None]
    ) -> AsyncGenerator[bytes]:
        before: Report | None = None
        async with aclosing(events):
            yield RETRY
            yield await self._event(request, before, first)
            before = first.look.report
            async for event in events:
                if event is None:
                    yield HEARTBEAT
                else:
                    yield await self._event(request, before, event)
                    before = event.look.report

    async def _event(self, request: Request, before: Report | None, event: Event) -> bytes:
        report = event.look.report
        values: dict[str, Any] = {"one": Under.of(report)}
        template = "running.html"
        if request.query_params.get("part") != "today":
            template, values = "run_part.html", await self._runs.shown(request, report)
        text = json.dumps(
            {
                "part": self._pages.part(request, template, **values),
                "log": changes(before, report),
                "said": said(before, report),
                "at": self._pages.clock(request),
            }
        )
        return format_sse_event(data_str=text, event=event.look.sight, id=event.id)
