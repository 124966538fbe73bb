"""/v1/runs: start a run, and read how it ended."""

import re
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Response
from pydantic import AfterValidator

from rekindle.api.document import KEY, responses
from rekindle.api.models import RunReport, RunRequest
from rekindle.api.runs import Runs
from rekindle.policy import valid_key

MAX_WAIT_SECONDS = 300

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


def run_routes(runs: Runs) -> APIRouter:
    """The routes of the resource `runs`."""
    router = APIRouter(prefix="/v1/runs", dependencies=KEY)

    @router.post("", status_code=202, responses=responses(200, 401, 422, 429, 502, 503))
    async def begin_run(
        request: RunRequest, response: Response, idempotency_key: IdempotencyKey = None, prefer: Prefer = None
    ) -> RunReport:
        """Start a run: 202 while it is running, 200 when it has ended. It continues even if the
        client disconnects."""
        begun = await runs.begin(request, idempotency_key)
        wait_seconds = _wait_seconds(prefer, response)
        report = await runs.report(begun.run_id, wait_seconds=wait_seconds)
        response.status_code = 202 if report.status == "running" else 200
        response.headers["location"] = f"/v1/runs/{begun.run_id}"
        if begun.replayed:
            response.headers["idempotency-replayed"] = "true"
        return RunReport.model_validate(report)

    @router.get("/{run_id}", responses=responses(401, 404, 422, 503))
    async def show_run(run_id: UUID, response: Response, prefer: Prefer = None) -> RunReport:
        """One run, as `rekindle runs --json` shows it."""
        wait_seconds = _wait_seconds(prefer, response)
        return RunReport.model_validate(await runs.report(run_id, wait_seconds=wait_seconds))

    return router


def _wait_seconds(prefer: str | None, response: Response) -> int:
    """How long to wait. If the request asked for it, the response has the number."""
    found = _WAIT.search(prefer or "")
    if found is None:
        return 0
    wait_seconds = min(int(found[1]), MAX_WAIT_SECONDS)
    response.headers["preference-applied"] = f"wait={wait_seconds}"
    return wait_seconds
