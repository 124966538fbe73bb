"""/v1/runs: start a run, and read how it ended."""

import re
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Response
from fastapi.responses import StreamingResponse
from pydantic import AfterValidator

from rekindle.access import Actor
from rekindle.api.access import require
from rekindle.api.document import KEY, responses
from rekindle.api.follow import HEARTBEAT, RETRY, Event, Following
from rekindle.api.models import ConfirmRequest, RunReport, RunRequest
from rekindle.api.runs import Begun, Runs
from rekindle.errors import NotNow
from rekindle.policy import valid_key

MAX_WAIT_SECONDS = 300

EVENTS = responses(401, 403, 404, 422, 429, 503) | {
    200: {
        "description": "The events, each with a run as `GET /v1/runs/{run_id}` answers it.",
        "content": {
            "text/event-stream": {
                "example": 'event: progress\ndata: {"run_id": "…", "status": "running", "scenarios": […], …}\n'
                "id: 4be2a1f09c7d6e35\n\n",
            }
        },
    },
    204: {"description": "The run has ended, and the client has its last event."},
}

_STARTED: dict[int | str, dict[str, Any]] = {200: {"model": RunReport, "description": "It has ended."}}
_WAIT = re.compile(r'(?:^|[,;])\s*wait\s*=\s*"?(\d{1,9})"?\s*(?=$|[,;])', re.IGNORECASE)


def _valid_key(key: str | None) -> str | None:
    return None if key is None else valid_key(key)


IdempotencyKey = Annotated[
    str | None,
    AfterValidator(_valid_key),
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        pattern=r"^[\x21-\x7e]+$",
        description="All requests with the same key get the same run, as long as the ledger keeps it.",
    ),
]
Prefer = Annotated[
    str | None,
    Header(
        description=f"wait=N (RFC 7240): answer when the run has ended, or after N seconds (up to {MAX_WAIT_SECONDS})."
    ),
]


Reader = Annotated[Actor, Depends(require("read"))]
Operator = Annotated[Actor, Depends(require("operate"))]
LastEventId = Annotated[
    str | None,
    Header(
        alias="Last-Event-ID",
        max_length=100,
        description="The id of the last event that was received: it is not sent again.",
    ),
]


def run_routes(runs: Runs, following: Following) -> APIRouter:
    """The routes of the resource `runs`."""
    router = APIRouter(prefix="/v1/runs", dependencies=KEY)

    async def answer(begun: Begun, response: Response, actor: Actor, prefer: str | None) -> RunReport:
        """A run that a request has started: 202 while it is running, 200 when it has ended."""
        wait_seconds = _wait_seconds(prefer, response)
        report = await runs.report(begun.run_id, actor, wait_seconds=wait_seconds)
        response.status_code = 202 if report.status == "running" else 200
        response.headers["location"] = f"/v1/runs/{begun.run_id}"
        if begun.replayed:
            response.headers["idempotency-replayed"] = "true"
        return RunReport.model_validate(report)

    @router.post("", status_code=202, responses=_STARTED | responses(401, 403, 404, 422, 429, 502, 503))
    async def begin_run(
        request: RunRequest,
        response: Response,
        actor: Operator,
        idempotency_key: IdempotencyKey = None,
        prefer: Prefer = None,
    ) -> RunReport:
        """Start a run: 202 while it is running, 200 when it has ended. It continues even if the
        client disconnects."""
        return await answer(await runs.begin(request, idempotency_key, actor), response, actor, prefer)

    @router.post(
        "/{run_id}/confirm",
        status_code=202,
        responses=_STARTED | responses(401, 403, 404, 409, 422, 429, 502, 503),
    )
    async def confirm_run(
        run_id: UUID, request: ConfirmRequest, response: Response, actor: Operator, prefer: Prefer = None
    ) -> RunReport:
        """Confirm a run that the guard halted: one new run of the same scenarios and organisations
        starts, and up to `people` are allowed past the guard. The number must be at least what the
        guard would hold back now. Confirming it again is the same new run."""
        return await answer(await runs.confirm(run_id, request.people, actor), response, actor, prefer)

    @router.get("/{run_id}", responses=responses(401, 403, 404, 422, 503))
    async def show_run(run_id: UUID, response: Response, actor: Reader, prefer: Prefer = None) -> RunReport:
        """One run, as `rekindle runs --json` shows it."""
        wait_seconds = _wait_seconds(prefer, response)
        return RunReport.model_validate(await runs.report(run_id, actor, wait_seconds=wait_seconds))

    @router.get("/{run_id}/events", response_class=StreamingResponse, responses=EVENTS)
    async def follow_run(run_id: UUID, actor: Reader, last_event_id: LastEventId = None) -> Response:
        """Server-sent events of a run, in any process: `progress` with its numbers so far, whenever
        they have changed, at most once per second; last `ended` with its report, or `abandoned` if
        its process is lost.

        The answer ends after the last event, and after five minutes: ask again with the header
        Last-Event-ID. 204: there is nothing after that event.
        """
        await runs.report(run_id, actor)
        events = following.events(run_id, follower=actor.label)
        async for first in events:
            if first is not None:
                break
        else:
            raise NotNow("the server is stopping")
        if first.is_last and first.id == last_event_id:
            await events.aclose()
            return Response(status_code=204)
        return StreamingResponse(
            _stream(first, events, shown=last_event_id),
            media_type="text/event-stream",
            headers={"x-accel-buffering": "no"},  # for nginx
        )

    return router


async def _stream(first: Event, events: AsyncGenerator[Event | None], *, shown: str | None) -> AsyncGenerator[bytes]:
    """The bytes of the events, from `first` on, without the one that the client has."""
    async with aclosing(events):
        yield RETRY
        if first.id != shown:
            yield first.text
        async for event in events:
            yield HEARTBEAT if event is None else event.text


def _wait_seconds(prefer: str | None, response: Response) -> int:
    """How long to wait. If the request asked for it, the response has the number."""
    found = _WAIT.search(prefer or "")
    if found is None:
        return 0
    wait_seconds = min(int(found[1]), MAX_WAIT_SECONDS)
    response.headers["preference-applied"] = f"wait={wait_seconds}"
    return wait_seconds
