"""The HTTP API as one application: the routes of each resource, errors as problems, and the key
check before everything."""

from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from rekindle.api.document import with_problems
from rekindle.api.health_routes import FREE, health_routes
from rekindle.api.keys import Keys
from rekindle.api.middleware import Entrance
from rekindle.api.problems import Json, problem
from rekindle.api.run_routes import run_routes
from rekindle.api.runs import Runs
from rekindle.app import Engine
from rekindle.errors import RekindleError, RequestError, RequestInvalid

_DOCS = ("/openapi.json",)


def build(engine: Engine, runs: Runs, *, keys: Keys | None, docs: bool) -> Entrance:
    """The whole API. With `docs` it also serves the OpenAPI document."""
    api = routes(engine, runs, docs=docs)
    return Entrance(api, keys=keys, free=(*FREE, *(_DOCS if docs else ())))


def routes(engine: Engine, runs: Runs, *, docs: bool) -> FastAPI:
    """The routes alone, without the key check."""
    api = FastAPI(
        title="Rekindle",
        version="1",
        summary="Starts runs and reports how they ended.",
        docs_url=None,  # docs/decisions/0020-no-documentation-page.md
        redoc_url=None,
        openapi_url="/openapi.json" if docs else None,
        default_response_class=Json,
    )
    api.include_router(run_routes(runs))
    api.include_router(health_routes(engine))
    api.exception_handler(RekindleError)(_refused)
    api.exception_handler(RequestValidationError)(_invalid)
    api.exception_handler(HTTPException)(_unknown)
    own = api.openapi
    api.openapi = lambda: with_problems(own())
    return api


async def _refused(_: Request, fault: RekindleError) -> Response:
    return problem(fault)


async def _invalid(_: Request, fault: RequestValidationError) -> Response:
    said = [f"{'.'.join(str(part) for part in one['loc'])[:200]}: {one['msg']}" for one in _mistakes(fault)]
    return problem(RequestInvalid(hint="See `problems`."), problems=said)


async def _unknown(_: Request, fault: HTTPException) -> Response:
    answer = problem(RequestError(f"HTTP {fault.status_code}"), status=fault.status_code)
    answer.headers.update(fault.headers or {})
    return answer


def _mistakes(fault: RequestValidationError) -> list[dict[str, Any]]:
    """At most ten mistakes, each with its place and rule, but not the value that was sent."""
    return [dict(one) for one in fault.errors()[:10]]
