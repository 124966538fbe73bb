"""How the pages look: the style sheet, the script, the icon, and the choice of the reader between
light and dark."""

from collections.abc import Awaitable, Callable
from importlib import resources
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from rekindle.console.browser import THEME, THEMES
from rekindle.console.pages import form_of
from rekindle.console.sessions import Sessions, check_same_site
from rekindle.console.sign_in import local

FILES = {"/console.css": "text/css", "/console.js": "text/javascript", "/icon.svg": "image/svg+xml"}
"""The files that pages load, and their types. They need no key."""
YEAR_SECONDS = 365 * 24 * 3600


class LookPages:
    """The files of the pages, and the switch of their theme."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def routes(self) -> list[Route]:
        """The routes."""
        files = [Route(path, _file(path, kind), methods=["GET"]) for path, kind in FILES.items()]
        return [*files, Route("/theme", self.theme, methods=["POST"])]

    async def theme(self, request: Request) -> Response:
        """Keep the choice in a cookie of this browser, and show the page again. It changes nothing
        else, so it needs no key."""
        check_same_site(request)
        form = await form_of(request)
        if self._sessions.of(request) is not None:
            self._sessions.check_form(request, form.get("form", ""))
        answer = RedirectResponse(_from(request), status_code=303)
        chosen = form.get("theme")
        if chosen in THEMES:
            answer.set_cookie(THEME, chosen, max_age=YEAR_SECONDS, samesite="lax")
        else:
            answer.delete_cookie(THEME, samesite="lax")
        return answer


def _from(request: Request) -> str:
    """The page on which a form was sent, if the browser says it and it is one of this console."""
    said = urlsplit(request.headers.get("referer", ""))
    if said.netloc != request.headers.get("host"):
        return "/"
    return local(said.path + (f"?{said.query}" if said.query else ""))


def _file(path: str, kind: str) -> Callable[[Request], Awaitable[Response]]:
    content = resources.files("rekindle.console").joinpath(f"static{path}").read_bytes()

    async def answer(_: Request) -> Response:
        return Response(content, media_type=kind)

    return answer
