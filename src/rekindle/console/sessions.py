"""Who is signed in: a signed cookie that names the key by its digest, or has the claims of a
person.

A key is looked up at each request, as in the API. So a key that was revoked or has expired ends
every session of it at once. The cookie has neither the key nor what it may do.

A person has signed in with a token of the issuer. The cookie has the claims that say who they are
and what they may do, and no token. What the claims allow is decided anew at each request, and they
count until the token ends.
"""

import base64
import binascii
import hashlib
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Any

from itsdangerous import BadSignature, URLSafeTimedSerializer
from starlette.requests import Request
from starlette.responses import Response

from rekindle.access import Actor
from rekindle.api.access import Access, Headers
from rekindle.errors import FormRefused, ServerError, SignInRefused
from rekindle.scenario import SignInConfig
from rekindle.sign_in.claims import actor_of, essential

COOKIE = "rekindle_session"
SESSION_SECONDS = 12 * 3600
MIN_SECRET_CHARS = 32


MAX_COOKIE_CHARS = 3_800
"""A browser keeps up to 4,096 bytes of a cookie, with its name and its attributes."""


@dataclass(frozen=True, slots=True)
class Session:
    """A sign-in: the digest of the key, or the claims of a person; and what each form of its pages
    must send."""

    digest: bytes
    form: str
    claims: Mapping[str, Any] | None = None


class Sessions:
    """Makes sessions and reads them. See `mounted` for the secret.

    Raises:
        ServerError: the secret is too short.
    """

    def __init__(self, access: Access, secret: str | None, sign_in: SignInConfig | None = None) -> None:
        if secret is not None and len(secret) < MIN_SECRET_CHARS:
            raise ServerError(
                f"REKINDLE_CONSOLE_SECRET has fewer than {MIN_SECRET_CHARS} characters",
                hint="Make one with `openssl rand -hex 32`.",
            )
        self._access = access
        # Without [sign_in.console] nobody signs in here, so no session of a person counts.
        self._sign_in = None if sign_in is None or sign_in.console is None else sign_in
        secret = secret or secrets.token_urlsafe(32)
        self._signer = URLSafeTimedSerializer(secret, salt="rekindle.console")
        self.attempts = URLSafeTimedSerializer(secret, salt="rekindle.sign-in")
        """Signs what a browser keeps while a person is at the issuer. It is no session."""

    async def admit(self, headers: Headers, hosts: Sequence[bytes]) -> Actor:
        """The actor of a request: of its session, or else as in the API.

        Raises:
            KeyRefused: it has none.
            RekindleError: as `Access.admit`.
        """
        headers = list(headers)
        session = self._of(headers)
        if session is not None and session.claims is not None and self._sign_in is not None:
            return self._access.counted(actor_of(session.claims, self._sign_in))
        if session is not None:
            return await self._access.known(session.digest)
        return await self._access.admit(headers, hosts)

    def of(self, request: Request) -> Session | None:
        """The session of a request, if it is signed by this server and not too old."""
        return self._of(request.headers.raw)

    def begin(self, answer: Response, digest: bytes) -> None:
        """Sign in with the key of this digest."""
        text = str(self._signer.dumps([base64.b64encode(digest).decode(), secrets.token_urlsafe(16)]))
        # Browsers keep a Secure cookie of http://localhost, too.
        answer.set_cookie(COOKIE, text, max_age=SESSION_SECONDS, secure=True, httponly=True, samesite="lax")

    def begin_person(self, answer: Response, claims: Mapping[str, Any], sign_in: SignInConfig) -> None:
        """Sign in a person with the claims of a verified token, until the token ends.

        Raises:
            SignInRefused: the claims are too long for a cookie.
        """
        until = int(claims["exp"])
        kept = [essential(claims, sign_in), until, sign_in.issuer, secrets.token_urlsafe(16)]
        text = str(self._signer.dumps(kept))
        if len(text) > MAX_COOKIE_CHARS:
            raise SignInRefused("the token names too many organisations for a session", hint="Use a key.")
        seconds = max(0, min(SESSION_SECONDS, until - int(time.time())))
        answer.set_cookie(COOKIE, text, max_age=seconds, secure=True, httponly=True, samesite="lax")

    def end(self, answer: Response) -> None:
        """Sign out in this browser."""
        answer.delete_cookie(COOKIE, secure=True, httponly=True, samesite="lax")

    def check_form(self, request: Request, sent: str) -> None:
        """Refuse a form that did not come from a page of this session.

        Raises:
            FormRefused: nothing was done.
        """
        session = self.of(request)
        if session is None or not secrets.compare_digest(sent.encode(), session.form.encode()):  # mutant: csrf
            raise FormRefused

    def _of(self, headers: Headers) -> Session | None:
        for text in _cookies(headers):
            try:
                kept = self._signer.loads(text, max_age=SESSION_SECONDS)
                if len(kept) == 2:
                    return Session(base64.b64decode(kept[0], validate=True), str(kept[1]))
                claims, until, issuer, form = kept
                known = self._sign_in is not None and issuer == self._sign_in.issuer
                if known and time.time() < until:  # mutant: token-ends
                    return Session(b"", str(form), claims)
            except (BadSignature, ValueError, TypeError, binascii.Error):
                continue
        return None


def same_site(request: Request) -> bool:
    """Whether a form was sent from a page of this address. Browsers say it in headers that no page
    can set."""
    origin = request.headers.get("origin")
    if origin is not None and origin.partition("://")[2] != request.headers.get("host"):
        return False
    return request.headers.get("sec-fetch-site", "same-origin") in ("same-origin", "none")


def check_same_site(request: Request) -> None:
    """Refuse a form that another site has sent.

    Raises:
        FormRefused: nothing was done.
    """
    if not same_site(request):
        raise FormRefused


def _cookies(headers: Headers) -> list[str]:
    found: list[str] = []
    for name, value in headers:
        if name.lower() == b"cookie":
            try:
                cookie = SimpleCookie(value.decode("latin-1")).get(COOKIE)
            except CookieError:
                continue
            if cookie is not None:
                found.append(cookie.value)
    return found


def digest_of(key: str) -> bytes:
    """The SHA-256 of a key."""
    return hashlib.sha256(key.encode()).digest()
