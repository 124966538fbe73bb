"""The console beside the API: which path is a page, and which answer an error gets."""

from collections.abc import Iterable

from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from rekindle.api.access import Access
from rekindle.api.follow import Following
from rekindle.api.middleware import Entrance
from rekindle.api.runs import Runs
from rekindle.app import Engine
from rekindle.console.audit import AuditPages
from rekindle.console.compare import ComparePages
from rekindle.console.confirm import ConfirmPages
from rekindle.console.dead_tokens import DeadTokenPages
from rekindle.console.erasures import ErasurePages
from rekindle.console.forms import Forms
from rekindle.console.helps import HelpsPages
from rekindle.console.issuer import ISSUER_PATHS, IssuerPages
from rekindle.console.keys import KeyPages
from rekindle.console.live import LivePages
from rekindle.console.looks import FILES, LookPages
from rekindle.console.mentors import MentorPages
from rekindle.console.pages import Pages
from rekindle.console.people import PeoplePages
from rekindle.console.plan import PlanPages
from rekindle.console.runs import RunPages
from rekindle.console.scenarios import ScenarioPages
from rekindle.console.sessions import Sessions
from rekindle.console.sign_in import SignInPages
from rekindle.console.switch import SwitchPages
from rekindle.console.today import TodayPages
from rekindle.console.unknown import UnknownPages
from rekindle.console.workers import WorkerPages
from rekindle.errors import RekindleError

POLICY = (
    b"default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; "
    b"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
FREE = ("/sign-in", *ISSUER_PATHS, "/sign-out", "/theme", *FILES)


class Doors:
    """Answers the paths of the console with pages, and all others with the API."""

    def __init__(self, api: ASGIApp, console: ASGIApp, routes: Iterable[Route]) -> None:
        self._api = api
        self._console = console
        self._first = frozenset(first(route.path) for route in routes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        page = first(scope.get("path", "")) in self._first
        await (self._console if page else self._api)(scope, receive, send)


def first(path: str) -> str:
    """The first part of a path: all paths below one of a page are pages."""
    return path[1:].partition("/")[0]


def mounted(
    api: ASGIApp,
    engine: Engine,
    access: Access,
    runs: Runs,
    following: Following,
    *,
    secret: SecretStr | None = None,
    client_secret: SecretStr | None = None,
) -> ASGIApp:
    """The API, with the console in front of it.

    Args:
        runs: those of the API, which a confirmation starts too.
        following: the runs that are followed, those of the API as well.
        secret: signs the cookies. Several servers of one address need the same. None: each start of
            the server signs everybody out.
        client_secret: that of the client at the issuer of [sign_in.console], if it has one.

    Raises:
        ServerError: the secret is too short.
    """
    sign_in = engine.config.sign_in
    sessions = Sessions(access, None if secret is None else secret.get_secret_value(), sign_in)
    pages = Pages(engine, sessions)
    forms = Forms(sessions)
    run_pages = RunPages(pages, engine)
    helps = HelpsPages(pages, engine)
    routes = [
        *LookPages(sessions).routes(),
        *SignInPages(pages, sessions, access).routes(),
        *PeoplePages(pages, engine).routes(),
        *TodayPages(pages, engine).routes(),
        *run_pages.routes(),
        *LivePages(pages, run_pages, following).routes(),
        *ConfirmPages(pages, forms, engine, runs).routes(),
        *UnknownPages(pages, forms, engine).routes(),
        *DeadTokenPages(pages, forms, engine).routes(),
        *WorkerPages(pages, engine).routes(),
        *AuditPages(pages, engine).routes(),
        *KeyPages(pages, forms, engine).routes(),
        *ErasurePages(pages, forms, engine).routes(),
        *PlanPages(pages, engine).routes(),
        *ComparePages(pages, forms, engine).routes(),
        *ScenarioPages(pages, engine, helps).routes(),
        *SwitchPages(pages, engine, forms).routes(),
        *helps.routes(),
        *MentorPages(pages, engine, helps).routes(),
    ]
    pages.know(route.path for route in routes)
    if sign_in is not None and sign_in.console is not None:
        routes += IssuerPages(pages, sessions, sign_in, sign_in.console, client_secret).routes()
    app = Starlette(
        routes=routes,
        exception_handlers={RekindleError: pages.refused, HTTPException: pages.not_routed, Exception: pages.refused},
    )
    app.router.redirect_slashes = False
    door = Entrance(app, sessions, free=FREE, policy=POLICY, refused=pages.at_the_door)
    return Doors(api, door, routes)
