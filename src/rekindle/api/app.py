"""The routes of the HTTP API."""

import re
import time
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, FastAPI, Header, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.security import APIKeyHeader, HTTPBearer
from starlette.exceptions import HTTPException

from rekindle.api.entrance import Entrance
from rekindle.api.keys import Keys
from rekindle.api.models import Health, Problem, Ready, RunReport, RunRequest
from rekindle.api.problems import problem
from rekindle.api.runs import Runs
from rekindle.app import Engine
from rekindle.errors import RekindleError, RequestError, RequestInvalid

MAX_WAIT_SECONDS = 300
READY_SECONDS = 1.0
"""For so long an answer of the database is taken for the next one too: anybody may ask, and as often as they like."""

FREE = ("/v1/health", "/v1/ready")
_DOCS = ("/docs", "/openapi.json")
_WAIT = re.compile(r'(?:^|[,;])\s*wait\s*=\s*"?(\d{1,9})"?\s*(?=$|[,;])', re.IGNORECASE)

_KEY = (
    Depends(HTTPBearer(auto_error=False, description="A secret key (REKINDLE_API_KEY).")),
    Depends(APIKeyHeader(name="apikey", auto_error=False, description="The same key.")),
)
"""For the document alone: `Entrance` asks for the key, before anything else is read."""

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        pattern=r"^[\x21-\x7e]+$",
        description="Requests with one key get one run, for as long as the ledger keeps it.",
    ),
]
Prefer = Annotated[
    str | None,
    Header(description=f"wait=N (RFC 7240): answer once the run has ended, or after N seconds ({MAX_WAIT_SECONDS})."),
]


def build(engine: Engine, runs: Runs, *, keys: Keys | None, docs: bool) -> Entrance:
    """The whole API. `docs` are a page and the OpenAPI document."""
    api = routes(engine, runs, docs=docs)
    return Entrance(api, keys=keys, free=(*FREE, *(_DOCS if docs else ())))


def routes(engine: Engine, runs: Runs, *, docs: bool) -> FastAPI:
    """The routes alone, which ask nobody for a key."""
    api = FastAPI(
        title="Rekindle",
        version="1",
        summary="Starts runs and tells how they ended.",
        docs_url="/docs" if docs else None,
        redoc_url=None,
        openapi_url="/openapi.json" if docs else None,
    )
    readiness = _Readiness(engine)

    @api.post("/v1/runs", status_code=202, dependencies=_KEY, responses=_responses(200, 401, 413, 422, 429, 502, 503))
    async def begin_run(
        wanted: RunRequest, response: Response, idempotency_key: IdempotencyKey = None, prefer: Prefer = None
    ) -> RunReport:
        """Start a run: 202 while it is under way, 200 once it has ended. It goes on whatever becomes of the request."""
        begun = await runs.begin(wanted, idempotency_key)
        wait_seconds = _wait_seconds(prefer)
        report = await runs.report(begun.run_id, wait_seconds=wait_seconds or 0)
        response.status_code = 202 if report.status == "running" else 200
        response.headers["location"] = f"/v1/runs/{begun.run_id}"
        if wait_seconds is not None:
            response.headers["preference-applied"] = f"wait={wait_seconds}"
        if begun.replayed:
            response.headers["idempotency-replayed"] = "true"
        return RunReport.model_validate(report)

    @api.get("/v1/runs/{run_id}", dependencies=_KEY, responses=_responses(401, 404, 422, 503))
    async def show_run(run_id: UUID, response: Response, prefer: Prefer = None) -> RunReport:
        """One run, as `rekindle runs --json` shows it."""
        wait_seconds = _wait_seconds(prefer)
        report = await runs.report(run_id, wait_seconds=wait_seconds or 0)
        if wait_seconds is not None:
            response.headers["preference-applied"] = f"wait={wait_seconds}"
        return RunReport.model_validate(report)

    @api.get("/v1/health")
    async def health() -> Health:
        """The process answers; nothing else is looked at."""
        return Health()

    @api.get("/v1/ready", responses=_responses(503))
    async def ready() -> Ready:
        """The database answers, is migrated and fit for the ledger."""
        await readiness.prove()
        return Ready()

    @api.exception_handler(RekindleError)
    async def refused(_: Request, fault: RekindleError) -> Response:
        return problem(fault)

    @api.exception_handler(RequestValidationError)
    async def invalid(_: Request, fault: RequestValidationError) -> Response:
        said = [f"{'.'.join(str(part) for part in one['loc'])[:200]}: {one['msg']}" for one in _mistakes(fault)]
        return problem(RequestInvalid(mend="See `problems`."), problems=said)

    @api.exception_handler(HTTPException)
    async def unknown(_: Request, fault: HTTPException) -> Response:
        answer = problem(RequestError(f"HTTP {fault.status_code}"), status=fault.status_code)
        answer.headers.update(fault.headers or {})
        return answer

    own = api.openapi
    api.openapi = lambda: _document(own())
    return api


class _Readiness:
    """Whether the database is fit, asked at most once in a while; says nothing but the code of what is wrong."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._until = 0.0
        self._fault: RekindleError | None = None

    async def prove(self) -> None:
        if time.monotonic() >= self._until:
            self._until = time.monotonic() + READY_SECONDS
            try:
                await self._engine.reports.check_fitness()
                self._fault = None
            except RekindleError as fault:
                self._fault = type(fault)()  # without its words, which may name the server
        if self._fault is not None:
            raise self._fault


def _wait_seconds(prefer: str | None) -> int | None:
    found = _WAIT.search(prefer or "")
    return None if found is None else min(int(found[1]), MAX_WAIT_SECONDS)


def _mistakes(fault: RequestValidationError) -> list[dict[str, Any]]:
    """At most ten, and of each the place and the rule; what was sent stays out."""
    return [dict(one) for one in fault.errors()[:10]]


def _responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    return {number: {"model": Problem if number >= 400 else RunReport} for number in statuses}


def _document(document: dict[str, Any]) -> dict[str, Any]:
    """The OpenAPI document, with problems under their own media type."""
    for path in document["paths"].values():
        for operation in path.values():
            for status, response in operation["responses"].items():
                content = response.get("content", {})
                if status >= "400" and "application/json" in content:
                    content["application/problem+json"] = content.pop("application/json")
    return document
