"""The console beside the API: which path is a page, and which answer an error gets."""

from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from rekindle.api.access import Access
from rekindle.api.middleware import Entrance
from rekindle.app import Engine
from rekindle.console.pages import Pages
from rekindle.console.runs import RunPages
from rekindle.console.sessions import Sessions
from rekindle.console.sign_in import SignInPages
from rekindle.errors import RekindleError

POLICY = b"default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
FREE = ("/sign-in", "/sign-out", "/console.css")
_PATHS = frozenset({"/", "/runs", *FREE})
_BELOW = "/runs/"


class Doors:
    """Answers the paths of the console with pages, and all others with the API."""

    def __init__(self, api: ASGIApp, console: ASGIApp) -> None:
        self._api = api
        self._console = console

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        path = scope.get("path", "")
        page = path in _PATHS or path.startswith(_BELOW)
        await (self._console if page else self._api)(scope, receive, send)


def mounted(api: ASGIApp, engine: Engine, access: Access, *, secret: SecretStr | None = None) -> ASGIApp:
    """The API, with the console in front of it.

    Args:
        secret: signs the cookies. Several servers of one address need the same. None: each start of
            the server signs everybody out.

    Raises:
        ServerError: the secret is too short.
    """
    sessions = Sessions(access, None if secret is None else secret.get_secret_value())
    pages = Pages(engine, sessions)
    app = Starlette(
        routes=[*SignInPages(pages, sessions, access).routes(), *RunPages(pages, engine).routes()],
        exception_handlers={RekindleError: pages.refused, HTTPException: pages.not_routed, Exception: pages.refused},
    )
    app.router.redirect_slashes = False
    return Doors(api, Entrance(app, sessions, free=FREE, policy=POLICY, refused=pages.at_the_door))
