"""The pages to sign in and out."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from rekindle.access import Actor
from rekindle.api.access import Access
from rekindle.console.pages import Pages, form_of
from rekindle.console.sessions import Sessions, check_same_site, digest_of
from rekindle.errors import KeyRefused, RekindleError, TokenRefused, TooManyRequests

MAX_NEXT_CHARS = 2_000
SIGNED_OUT_PATH = "/sign-in/out"
"""The page after a person has signed out, if people sign in with an issuer."""


class SignInPages:
    """Sign in with a key of the API."""

    def __init__(self, pages: Pages, sessions: Sessions, access: Access) -> None:
        self._pages = pages
        self._sessions = sessions
        self._access = access

    def routes(self) -> list[Route]:
        """The routes."""
        return [
            Route("/sign-in", self.show, methods=["GET"]),
            Route("/sign-in", self.sign_in, methods=["POST"]),
            Route("/sign-out", self.sign_out, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """The form."""
        following = local(request.query_params.get("next", "/"))
        return shown(self._pages, request, following)

    async def sign_in(self, request: Request) -> Response:
        """Check the key as the API does, and set the cookie."""
        check_same_site(request)
        form = await form_of(request)
        following = local(form.get("next", "/"))
        try:
            await self._checked(request, form.get("key", "").strip())
        except (KeyRefused, TokenRefused, TooManyRequests) as fault:
            mistake = fault.message if isinstance(fault, TooManyRequests) else "This is not a valid key."
            status = 429 if isinstance(fault, TooManyRequests) else 401
            return shown(self._pages, request, following, mistake=mistake, status=status)
        answer = RedirectResponse(following, status_code=303)
        self._sessions.begin(answer, digest_of(form["key"].strip()))
        return answer

    async def sign_out(self, request: Request) -> Response:
        """Remove the cookie."""
        check_same_site(request)
        session = self._sessions.of(request)
        if session is not None:
            self._sessions.check_form(request, (await form_of(request)).get("form", ""))
        person = session is not None and session.claims is not None
        answer = RedirectResponse(SIGNED_OUT_PATH if person else "/sign-in", status_code=303)
        self._sessions.end(answer)
        return answer

    async def _checked(self, request: Request, key: str) -> Actor:
        """The actor of a key. Only a key signs in here, so a token of a person does not."""
        if not key.isascii() or not key:
            raise KeyRefused
        hosts = [value for name, value in request.headers.raw if name == b"host"]
        await self._access.admit([(b"apikey", key.encode())], hosts)
        return await self._access.known(digest_of(key))


def shown(
    pages: Pages,
    request: Request,
    following: str,
    *,
    mistake: str | None = None,
    fault: RekindleError | None = None,
    end: str | None = None,
    status: int = 200,
) -> Response:
    """The form: again after a `mistake` in the key, or after a `fault` of the issuer. `end`: where
    a person who has signed out here signs out of the issuer too."""
    values = {"following": following, "mistake": mistake, "fault": fault, "end": end}
    return pages.plain(request, "sign_in.html", status=status, **values)


def local(path: str) -> str:
    """The path of a page of this console, or else `/`: nobody is led elsewhere after the
    sign-in."""
    good = path.startswith("/") and path[1:2] not in ("/", "\\") and path.isprintable()  # mutant: open-redirect
    return path if good and len(path) <= MAX_NEXT_CHARS and "\\" not in path else "/"
