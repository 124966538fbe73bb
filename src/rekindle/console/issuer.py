"""Sign in with the issuer of [sign_in]: by its own page, or with the token that an app of the team
hands over."""

import secrets
from collections.abc import Mapping
from typing import Any

from itsdangerous import BadSignature
from pydantic import SecretStr
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from rekindle.api.problems import status_of
from rekindle.api.rates import Rate
from rekindle.console.pages import Pages, form_of
from rekindle.console.sessions import Sessions
from rekindle.console.sign_in import SIGNED_OUT_PATH, local, shown
from rekindle.errors import (
    Forbidden,
    FormRefused,
    IssuerUnavailable,
    RekindleError,
    RouteUnknown,
    SignInRefused,
    TokenRefused,
    TooManyRequests,
)
from rekindle.scenario import SignInConfig
from rekindle.scenario.sign_in import SIGN_IN_PATH, ConsoleSignIn
from rekindle.sign_in.claims import actor_of
from rekindle.sign_in.code import Attempt, CodeFlow

COOKIE = "rekindle_sign_in_"
"""What the names of the cookies begin with: one for each attempt, because several tabs may sign in
at once."""
ATTEMPT_SECONDS = 600
"""How long a person may stay at the issuer."""
MAX_ATTEMPTS = 10
"""How many attempts a browser keeps. The oldest give way, so that its requests stay short."""
PER_MINUTE = 120
"""How many codes and tokens all people together may send to this process. Each code is a request to
the issuer."""
BEGIN_PATH, TOKEN_PATH = "/sign-in/begin", "/sign-in/token"
ISSUER_PATHS = (BEGIN_PATH, SIGN_IN_PATH, TOKEN_PATH, SIGNED_OUT_PATH)


class IssuerPages:
    """The pages to sign in with the issuer. No page has a token: the issuer gives it to this
    server, and it is forgotten once its claims are known."""

    def __init__(
        self,
        pages: Pages,
        sessions: Sessions,
        config: SignInConfig,
        console: ConsoleSignIn,
        secret: SecretStr | None,
    ) -> None:
        self._pages = pages
        self._sessions = sessions
        self._config = config
        self._console = console
        self._flow = CodeFlow(config, console, secret)
        self._rate = Rate(PER_MINUTE)

    def routes(self) -> list[Route]:
        """The routes."""
        return [
            Route(BEGIN_PATH, self.begin, methods=["GET"]),
            Route(SIGN_IN_PATH, self.back, methods=["GET"]),
            Route(TOKEN_PATH, self.handed_over, methods=["POST"]),
            Route(SIGNED_OUT_PATH, self.signed_out, methods=["GET"]),
        ]

    async def begin(self, request: Request) -> Response:
        """Send the person to the issuer. The browser keeps the attempt, signed."""
        if self._console.client_id is None:
            raise RouteUnknown(hint="Open the app of your team, which signs you in.")
        following, attempt = local(request.query_params.get("next", "/")), Attempt()
        try:
            answer = RedirectResponse(await self._flow.address(attempt), status_code=303)
        except IssuerUnavailable as fault:
            return self._refused(request, fault, following)
        for old in _kept(request)[: 1 - MAX_ATTEMPTS]:
            _forget(answer, old)
        kept = str(self._sessions.attempts.dumps([attempt.state, attempt.nonce, attempt.verifier, following]))
        name = COOKIE + attempt.state[:8]
        answer.set_cookie(
            name, kept, max_age=ATTEMPT_SECONDS, path="/sign-in", secure=True, httponly=True, samesite="lax"
        )
        return answer

    async def back(self, request: Request) -> Response:
        """The issuer has sent the person back: check that this browser has begun it, ask the issuer
        for the tokens, and sign in."""
        try:
            name, attempt, following = self._attempt(request)
        except SignInRefused as fault:
            return self._refused(request, fault, "/")
        try:
            answer = await self._signed_in(await self._flow.claims(self._code(request, attempt), attempt), following)
        except (SignInRefused, TokenRefused, Forbidden, IssuerUnavailable, TooManyRequests) as fault:
            answer = self._refused(request, fault, following)
        _forget(answer, name)
        return answer

    async def handed_over(self, request: Request) -> Response:
        """Sign in with the access token that an app of the team sends in a form. The browser says
        which app it is: otherwise any site could sign a person in as somebody else."""
        if request.headers.get("origin") not in self._console.apps:  # mutant: apps
            raise FormRefused("this origin may not sign anybody in", hint="Name it in apps of [sign_in.console].")
        form = await form_of(request)
        following = local(form.get("next", "/"))
        try:
            self._spend()
            return await self._signed_in(await self._flow.handed_over(form.get("token", "").strip()), following)
        except (SignInRefused, TokenRefused, Forbidden, IssuerUnavailable, TooManyRequests) as fault:
            return self._refused(request, fault, following)

    async def signed_out(self, request: Request) -> Response:
        """The page to sign in, for a person who has signed out of the console: with a link to sign
        out of the issuer too, if it has a page for that. It is a link because the policy of the
        pages lets no form be redirected to another host."""
        end = None if self._console.client_id is None else await self._flow.end_address()
        return shown(self._pages, request, "/", end=end)

    async def _signed_in(self, claims: Mapping[str, Any], following: str) -> Response:
        actor_of(claims, self._config)  # nobody without a role or an organisation gets a session
        answer = RedirectResponse(following, status_code=303)
        self._sessions.begin_person(answer, claims, self._config)
        return answer

    def _attempt(self, request: Request) -> tuple[str, Attempt, str]:
        """The cookie of the attempt that is answered, the attempt, and the page that the person
        asked for.

        Raises:
            SignInRefused: this browser has not begun it, or too long ago.
        """
        said = request.query_params.get("state", "").encode()
        for name in _kept(request):
            try:
                kept = self._sessions.attempts.loads(request.cookies[name], max_age=ATTEMPT_SECONDS)
                state, nonce, verifier, following = map(str, kept)
            except (BadSignature, ValueError, TypeError):
                continue
            if secrets.compare_digest(said, state.encode()):  # mutant: state
                return name, Attempt(state, nonce, verifier), local(following)
        raise SignInRefused("this browser has not begun this sign-in in the last ten minutes")

    def _code(self, request: Request, attempt: Attempt) -> str:
        """The code that the issuer sends for this attempt.

        Raises:
            SignInRefused: it sends none, or another issuer does (RFC 9207).
            TooManyRequests: too many codes were sent.
        """
        asked = request.query_params
        if asked.get("iss", self._config.issuer) != self._config.issuer:  # mutant: other-issuer
            raise SignInRefused("the answer is from another issuer")
        if "error" in asked:
            said = asked["error"]
            word = said if said.isascii() and said.replace("_", "").isalpha() and len(said) <= 40 else "an error"
            raise SignInRefused(f"the issuer did not sign you in: {word}")
        if not asked.get("code") or len(asked["code"]) > 4_096:
            raise SignInRefused("the issuer sent no code")
        self._spend()
        return asked["code"]

    def _spend(self) -> None:
        if wait_seconds := self._rate.wait_seconds():
            raise TooManyRequests("too many people sign in at once", retry_seconds=int(wait_seconds) + 1)
        self._rate.spend()

    def _refused(self, request: Request, fault: RekindleError, following: str) -> Response:
        """The page to sign in, which says why the issuer did not. Keys still work there."""
        status = 401 if isinstance(fault, SignInRefused) else status_of(fault)
        return shown(self._pages, request, following, fault=fault, status=status)


def _kept(request: Request) -> list[str]:
    """The names of the cookies of attempts, the oldest first, as browsers send them."""
    return [name for name in request.cookies if name.startswith(COOKIE)]


def _forget(answer: Response, name: str) -> None:
    answer.delete_cookie(name, path="/sign-in", secure=True, httponly=True, samesite="lax")
