"""Signs a person in to the console: the authorization code flow of OpenID Connect, with PKCE, state
and nonce.

The tokens are verified as those of the API. PyJWT and our own requests do it all: no library of
the flow fits (docs/decisions/0064-console-sign-in.md).
"""

import asyncio
import base64
import hashlib
import math
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import quote, urlencode

from pydantic import SecretStr

from rekindle.errors import IssuerUnavailable, SignInRefused, TokenRefused
from rekindle.scenario.sign_in import ConsoleSignIn, SignInConfig
from rekindle.sign_in.fetch import send
from rekindle.sign_in.keys import MAX_AGE_SECONDS, REFETCH_SECONDS, IssuerKeys, address_in, discovered
from rekindle.sign_in.tokens import is_token, verified

_CHARS = 32  # bytes of state, nonce and verifier: 256 bits each


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt to sign in, which the browser keeps until the issuer sends the person back."""

    state: str = field(default_factory=lambda: secrets.token_urlsafe(_CHARS))
    nonce: str = field(default_factory=lambda: secrets.token_urlsafe(_CHARS))
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(_CHARS))


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where the issuer signs people in, gives tokens and, if it says so, signs people out; and
    whether it takes the secret of a client as HTTP Basic."""

    authorization: str
    token: str
    end: str | None
    basic: bool


class CodeFlow:
    """The flow with one issuer, as one client. Safe for concurrent calls. It keeps nothing of an
    attempt, so a person may come back to another server.

    Args:
        secret: that of the client. None: a public client, which PKCE alone protects.
    """

    def __init__(self, config: SignInConfig, console: ConsoleSignIn, secret: SecretStr | None) -> None:
        self._config = config
        self._console = console
        self._secret = secret
        self._keys = IssuerKeys(config)
        self._id_config = config.model_copy(update={"audience": [console.client_id or ""]})
        self._one_at_a_time = asyncio.Lock()
        self._endpoints: Endpoints | None = None
        self._fetched_at = self._tried_at = -math.inf
        self._fault: IssuerUnavailable | None = None

    async def address(self, attempt: Attempt) -> str:
        """Where a person signs in.

        Raises:
            IssuerUnavailable: the issuer does not say where.
        """
        endpoint = (await self._found()).authorization
        challenge = base64.urlsafe_b64encode(hashlib.sha256(attempt.verifier.encode()).digest()).decode().rstrip("=")
        asked = {
            **self._console.parameters,
            "response_type": "code",
            "client_id": self._console.client_id or "",
            "redirect_uri": self._console.redirect_uri or "",
            "scope": " ".join(self._console.scopes),
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        return _with(endpoint, asked)

    async def end_address(self) -> str | None:
        """Where a person signs out of the issuer too (OpenID Connect RP-Initiated Logout). There is
        no token to send, so the issuer asks them. None: it does not say where, or does not
        answer."""
        try:
            endpoint = (await self._found()).end
        except IssuerUnavailable:
            return None
        return None if endpoint is None else _with(endpoint, {"client_id": self._console.client_id or ""})

    async def claims(self, code: str, attempt: Attempt) -> Mapping[str, Any]:
        """The claims of the person for which the issuer gave the code. The issuer gives tokens for
        a code once.

        Raises:
            SignInRefused: the issuer refuses the code, or its tokens are not for this attempt.
            TokenRefused: a token does not count here.
            IssuerUnavailable: the issuer does not answer.
        """
        status, tokens = await self._exchanged(code, attempt)
        if status != 200:
            raise SignInRefused("the issuer did not accept the code: it was used before, is too old, or is not ours")
        of_id = await verified(_token(tokens, "id_token"), self._id_config, self._keys)
        if not _same(of_id.get("nonce"), attempt.nonce):  # mutant: nonce
            raise SignInRefused("the ID token is not for this sign-in")
        audience = of_id["aud"]
        party = of_id.get("azp", self._console.client_id if isinstance(audience, str) or len(audience) == 1 else None)
        if party != self._console.client_id:  # mutant: authorized-party
            raise SignInRefused("the ID token is for another client")
        if self._console.claims_from == "id":
            return of_id
        claims = await verified(_token(tokens, "access_token"), self._config, self._keys)
        if claims["sub"] != of_id["sub"]:  # mutant: same-person
            raise SignInRefused("the two tokens of the issuer name different people")
        return claims

    async def handed_over(self, token: str) -> Mapping[str, Any]:
        """The claims of an access token that an app of the team has handed over.

        Raises:
            TokenRefused: it does not count here.
            IssuerUnavailable: that cannot be known now.
        """
        shown = token.encode()
        if not is_token(shown):
            raise TokenRefused("the token is malformed")
        return await verified(shown, self._config, self._keys)

    async def _exchanged(self, code: str, attempt: Attempt) -> tuple[int, Mapping[str, Any]]:
        """The issuer's answer to the code."""
        endpoints, client_id = await self._found(), self._console.client_id or ""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._console.redirect_uri or "",
            "client_id": client_id,
            "code_verifier": attempt.verifier,
        }
        headers: dict[str, str] = {}
        if self._secret is not None and endpoints.basic:
            # RFC 6749: both are encoded as in a form before they are joined.
            pair = f"{quote(client_id, safe='')}:{quote(self._secret.get_secret_value(), safe='')}"
            headers["authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        elif self._secret is not None:
            form["client_secret"] = self._secret.get_secret_value()
        return await send(endpoints.token, form, headers)

    async def _found(self) -> Endpoints:
        """What the issuer publishes about itself, at most ten minutes old. It is asked at most once
        in 30 s, however often people begin."""
        async with self._one_at_a_time:
            now = time.monotonic()
            old = now - self._fetched_at > MAX_AGE_SECONDS
            if old and now - self._tried_at >= REFETCH_SECONDS:
                self._tried_at = now
                try:
                    self._endpoints, self._fault = await self._read(), None
                    self._fetched_at = now
                except IssuerUnavailable as fault:
                    self._fault = fault
            if self._endpoints is None:
                fault = self._fault or IssuerUnavailable("the issuer has not answered")
                raise IssuerUnavailable(fault.message, hint=fault.hint)
            return self._endpoints

    async def _read(self) -> Endpoints:
        document = await discovered(self._config.issuer)
        ways: object = document.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        return Endpoints(
            address_in(document, "authorization_endpoint", self._config.issuer),
            address_in(document, "token_endpoint", self._config.issuer),
            self._end(document),
            isinstance(ways, list) and "client_secret_basic" in cast("list[object]", ways),
        )

    def _end(self, document: Mapping[str, Any]) -> str | None:
        # Nobody needs it to sign in, so one that is not valid is as good as none.
        try:
            return address_in(document, "end_session_endpoint", self._config.issuer)
        except IssuerUnavailable:
            return None


async def check(config: SignInConfig, console: ConsoleSignIn) -> str:
    """Where people sign in to the console, in a line.

    Raises:
        IssuerUnavailable: the issuer does not say where.
    """
    await CodeFlow(config, console, None).address(Attempt())
    return f"people sign in to the console as the client {console.client_id}"


def _with(address: str, asked: Mapping[str, str]) -> str:
    return f"{address}{'&' if '?' in address else '?'}{urlencode(asked)}"


def _token(tokens: Mapping[str, Any], name: str) -> bytes:
    found = tokens.get(name)
    if isinstance(found, str) and found.isascii() and is_token(found.encode()):
        return found.encode()
    if name == "id_token":
        raise SignInRefused("the issuer sent no ID token", hint="Let the client at the issuer have the scope openid.")
    raise SignInRefused(
        "the access token of the issuer is not a JWT",
        hint='Ask for one with the parameters of [sign_in.console], or set claims_from = "id" there.',
    )


def _same(said: object, own: str) -> bool:
    return isinstance(said, str) and secrets.compare_digest(said.encode(), own.encode())
