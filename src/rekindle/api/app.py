"""The HTTP API as one application: the routes of each resource, errors as problems, and the check
of the actor before everything."""

from fastapi import Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.telemetry import TelemetryConfig
from starlette.exceptions import HTTPException
from starlette.routing import compile_path

from rekindle.api.access import Access
from rekindle.api.audit_routes import audit_routes
from rekindle.api.backtest_routes import backtest_routes
from rekindle.api.decision_routes import decision_routes
from rekindle.api.document import with_problems
from rekindle.api.effect_routes import effect_routes
from rekindle.api.erase_routes import erase_routes
from rekindle.api.follow import Following
from rekindle.api.health_routes import FREE, health_routes
from rekindle.api.key_routes import key_routes
from rekindle.api.list_routes import list_routes
from rekindle.api.middleware import Entrance
from rekindle.api.parameters import only_known
from rekindle.api.plan_routes import plan_routes
from rekindle.api.problems import Json, problem, status_of
from rekindle.api.report_routes import report_routes
from rekindle.api.run_routes import run_routes
from rekindle.api.runs import Runs
from rekindle.api.tests_routes import tests_routes
from rekindle.app import Engine
from rekindle.errors import MethodRefused, RekindleError, RequestError, RequestInvalid, RouteUnknown
from rekindle.foreign import label

_UNREADABLE = "body: it cannot be read as JSON in UTF-8, is nested too deep, or has a number with too many digits"
_NOT_JSON = "body: the Content-Type must be application/json"
_MOST_PROBLEMS = 10
_SILENT: TelemetryConfig = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "operation_spans": False,
    "auto_configure": False,
}


def build(engine: Engine, runs: Runs, access: Access, *, docs: bool, following: Following | None = None) -> Entrance:
    """The whole API. With `docs` it also serves the OpenAPI document."""
    api = routes(engine, runs, docs=docs, following=following)
    return Entrance(api, access, free=FREE)


def routes(engine: Engine, runs: Runs, *, docs: bool, following: Following | None = None) -> FastAPI:
    """The routes alone, without the check of the actor. `following`: the runs that are followed,
    also elsewhere in this process; None: here alone."""
    api = FastAPI(
        title="Rekindle",
        version="1",
        summary="Starts runs, shows what happened, and explains what would happen.",
        docs_url=None,  # docs/decisions/0020-no-documentation-page.md
        redoc_url=None,
        openapi_url="/openapi.json" if docs else None,
        default_response_class=Json,
        redirect_slashes=False,
        # FastAPI's own spans and logs have paths, queries and texts of errors.
        telemetry=_SILENT,  # mutant: only-our-spans
        dependencies=[Depends(only_known)],  # mutant: only-known
    )
    api.include_router(run_routes(runs, following or Following(engine, runs)))
    api.include_router(decision_routes(engine))
    api.include_router(list_routes(engine))
    api.include_router(plan_routes(engine))
    api.include_router(report_routes(engine))
    api.include_router(effect_routes(engine))
    api.include_router(backtest_routes(engine))
    api.include_router(tests_routes(engine))
    api.include_router(erase_routes(engine))
    api.include_router(key_routes(engine))
    api.include_router(audit_routes(engine))
    api.include_router(health_routes(engine))
    api.exception_handler(RekindleError)(_refused)
    api.exception_handler(RequestValidationError)(_invalid)
    api.exception_handler(HTTPException)(_not_routed)
    own = api.openapi
    api.openapi = lambda: with_problems(own(), api.routes)
    return api


async def _refused(request: Request, fault: RekindleError) -> Response:
    return problem(fault, status=status_of(fault, request.method))


async def _invalid(request: Request, fault: RequestValidationError) -> Response:
    if _is_json(request) or all(one["loc"][0] != "body" for one in fault.errors()):
        return problem(RequestInvalid(hint="See `problems`."), problems=_mistakes(fault))
    return problem(RequestInvalid(hint="See `problems`."), problems=[_NOT_JSON])


async def _not_routed(request: Request, fault: HTTPException) -> Response:
    """A request that no route takes, or whose body FastAPI cannot read."""
    if fault.status_code == 404:
        return problem(RouteUnknown(hint="See the HTTP API's reference."))
    if fault.status_code == 405:
        answer = problem(MethodRefused())
        answer.headers["allow"] = ", ".join(sorted(_allowed(request, (fault.headers or {}).get("Allow", ""))))
        return answer
    if fault.status_code == 400:
        return problem(RequestInvalid(hint="See `problems`."), problems=[_UNREADABLE])
    return problem(RequestError(f"HTTP {fault.status_code}"), status=fault.status_code)


def _allowed(request: Request, first: str) -> set[str]:
    """The methods that the path of a request takes. Starlette knows those of the `first` route
    alone; the document lists all of them."""
    found = {method.strip() for method in first.split(",") if method}
    for path, operations in request.app.openapi()["paths"].items():
        if compile_path(path)[0].match(request.scope["path"]):
            found |= {method.upper() for method in operations}  # mutant: allowed
    return found


def _is_json(request: Request) -> bool:
    """Whether a request that has a body says that it is JSON."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return request.method in ("GET", "HEAD", "DELETE") or kind == "application/json"


def _mistakes(fault: RequestValidationError) -> list[str]:
    """At most ten mistakes, each with its place and rule, but not the value that was sent."""
    return [
        f"{label('.'.join(str(part) for part in one['loc']), most=200)}: {one['msg']}"
        for one in fault.errors()[:_MOST_PROBLEMS]
    ]
