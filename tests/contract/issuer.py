"""An issuer of tokens: real keys, a real server that publishes them, and tokens that it signs, or
that somebody else does."""

import asyncio
import base64
import functools
import hashlib
import hmac
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import escape
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import get_default_algorithms

from contract.fcm_server import Reply, Request, Server
from rekindle.scenario import SignInConfig

ORGANISATION = "0d0c1f0a-5a7e-4f0e-9a35-6d2f3f2b7c11"
CLIENT, CLIENT_SECRET = "rekindle-console", "s3cret-of-the-client"
OTHER = "9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d"


def private(kind: str, number: int = 0) -> Any:
    """A private key of RS256, ES256, ES384 or EdDSA; another one for each number."""
    return _private(kind, number)


@functools.cache
def _private(kind: str, _: int) -> Any:
    match kind:
        case "RS256":
            return rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
        case "weak":
            return rsa.generate_private_key(public_exponent=65_537, key_size=1_024)
        case "ES384":
            return ec.generate_private_key(ec.SECP384R1())
        case "EdDSA":
            return ed25519.Ed25519PrivateKey.generate()
        case _:
            return ec.generate_private_key(ec.SECP256R1())


def jwk(kind: str, kid: str, number: int = 0, **changes: Any) -> dict[str, Any]:
    """The public key as a JWKS has it."""
    algorithm = get_default_algorithms()["RS256" if kind == "weak" else kind]
    public: dict[str, Any] = algorithm.to_jwk(private(kind, number).public_key(), as_dict=True)  # type: ignore[call-overload]
    entry = {**public, "kid": kid, "use": "sig", "alg": kind, **changes}
    return {name: value for name, value in entry.items() if value is not None}


def pem(kind: str) -> bytes:
    return (
        private(kind)
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )


def part(value: object) -> bytes:
    content = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(content).rstrip(b"=")


def signed_with(secret: bytes, header: dict[str, Any], claims: dict[str, Any]) -> bytes:
    """A token whose signature is an HMAC."""
    content = part(header) + b"." + part(claims)
    return content + b"." + part(hmac.new(secret, content, hashlib.sha256).digest())


_REMEMBERED = "issuer"
_FORM = """<h1>Granvik</h1><form method="post" action="/oauth/decide">
<input type="hidden" name="asked" value="{asked}">
<button name="answer" value="allow">Sign in</button><button name="answer" value="deny">Cancel</button></form>"""


def _page(body: str, **headers: str) -> Reply:
    text = f"<!doctype html><html lang=en><title>Granvik</title>{body}</html>"
    return Reply(body=text.encode(), headers={"content-type": "text/html; charset=utf-8", **headers})


class Issuer:
    """A server of the test as an issuer. `keys` is what it publishes."""

    def __init__(self, server: Server, path: str = "/auth/v1") -> None:
        self.server = server
        self.url = server.url + path
        self.keys = [jwk("ES256", "first")]
        self.discovery = {
            "issuer": self.url,
            "jwks_uri": f"{server.url}/keys",
            "authorization_endpoint": f"{server.url}/oauth/authorize",
            "token_endpoint": f"{server.url}/oauth/exchange",
            "end_session_endpoint": f"{server.url}/oauth/end",
        }
        self.clients = {CLIENT: CLIENT_SECRET}
        self.redirects = {CLIENT: "http://127.0.0.1/sign-in/back"}
        self.person: dict[str, Any] = {}
        """Claims of the person who is signed in at the issuer, beside the usual ones."""
        self.id_changes: dict[str, Any] = {}
        """Claims of the ID token that this issuer writes in place of the right ones."""
        self.access_token: str | None = None
        """What it gives as an access token in place of one."""
        self.asks = False
        """Whether it shows a page to sign in, and remembers in a cookie that a person did.
        Otherwise everybody is signed in already."""
        self._codes: dict[str, dict[str, str]] = {}
        self.reply: Callable[[], Reply | str] | None = None
        server.answer = self._answer

    def config(self, **changes: Any) -> SignInConfig:
        keys = {
            "issuer": self.url,
            "audience": "authenticated",
            "role_claim": "app_metadata.rekindle_role",
            "organisations_claim": "app_metadata.rekindle_organisations",
        }
        return SignInConfig.model_validate(keys | changes)

    def claims(self, **changes: Any) -> dict[str, Any]:
        """Those of a coordinator of one organisation, as Supabase Auth writes them. A claim that is
        set to None is left out."""
        now = int(time.time())
        claims = {
            "iss": self.url,
            "aud": "authenticated",
            "exp": now + 3_600,
            "iat": now,
            "sub": "7f1d6c1e-0d1b-4f59-8a58-3c1c1f6f0a11",
            "email": "anna@example.org",
            "role": "authenticated",
            "app_metadata": {"rekindle_role": "operate", "rekindle_organisations": [ORGANISATION]},
        }
        return {name: value for name, value in (claims | changes).items() if value is not None}

    def token(self, kid: str = "first", kind: str = "ES256", number: int = 0, **changes: Any) -> bytes:
        """A token that this issuer signs. `header`: headers beside the usual ones."""
        header = {"kid": kid, **changes.pop("header", {})}
        algorithm = changes.pop("algorithm", kind)
        return jwt.encode(self.claims(**changes), private(kind, number), algorithm=algorithm, headers=header).encode()

    def tokens(self, nonce: str) -> dict[str, Any]:
        """What the issuer gives for a code."""
        access = self.token(**self.person).decode() if self.access_token is None else self.access_token
        own = {name: value for name, value in self.claims(**self.person).items() if name in ("sub", "exp", "email")}
        of_id = self.token(**{"aud": CLIENT, "nonce": nonce, "app_metadata": None, **own, **self.id_changes})
        return {"access_token": access, "id_token": of_id.decode(), "token_type": "bearer", "expires_in": 3_600}

    def _authorize(self, request: Request, query: dict[str, str]) -> Reply:
        """Ask the person to sign in, or send them back with a code."""
        client, place = query["client_id"], query["redirect_uri"]
        if self.redirects.get(client) != place or query["response_type"] != "code" or "openid" not in query["scope"]:
            return Reply(400, b"not a client of this issuer")
        if self.asks and _REMEMBERED not in SimpleCookie(request.headers.get("cookie", "")):
            return _page(_FORM.format(asked=escape(urlencode(query))))
        return self._granted(query)

    def _granted(self, query: dict[str, str]) -> Reply:
        code = secrets.token_urlsafe(8)
        self._codes[code] = query
        return self._back(query, code=code)

    def _back(self, query: dict[str, str], **answer: str) -> Reply:
        said = urlencode({**answer, "state": query["state"], "iss": self.url})
        return Reply(303, b"", {"location": f"{query['redirect_uri']}?{said}"})

    def _decided(self, form: dict[str, str]) -> Reply:
        """Send the person back as they have decided on the page to sign in."""
        query = dict(parse_qsl(form["asked"]))
        if form["answer"] != "allow":
            return self._back(query, error="access_denied")
        reply = self._granted(query)
        reply.headers["set-cookie"] = f"{_REMEMBERED}=yes; path=/; httponly; samesite=lax"
        return reply

    def _exchange(self, request: Request) -> Reply:
        """Give the tokens for a code, once and to the client that it is for."""
        form = dict(parse_qsl(request.body.decode()))
        basic = base64.b64decode(request.headers.get("authorization", "").removeprefix("Basic ")).decode()
        client, _, secret = basic.partition(":")
        if self.clients.get(client) != secret or form.get("client_id") != client:
            return Reply(401, b'{"error": "invalid_client"}')
        asked = self._codes.pop(form["code"], {})
        challenge = part(hashlib.sha256(form["code_verifier"].encode()).digest()).decode()
        right = {"client_id": client, "redirect_uri": form["redirect_uri"], "code_challenge": challenge}
        if not right.items() <= asked.items() or asked["code_challenge_method"] != "S256":
            return Reply(400, b'{"error": "invalid_grant"}')
        return Reply(body=json.dumps(self.tokens(asked["nonce"])).encode())

    @property
    def fetches(self) -> list[str]:
        """The paths that were asked for."""
        return [one.path for one in self.server.requests]

    def _answer(self, request: Request) -> Reply | str:
        if self.reply is not None:
            return self.reply()
        path, _, query = request.path.partition("?")
        if path == "/oauth/authorize":
            return self._authorize(request, dict(parse_qsl(query)))
        if path == "/oauth/decide":
            return self._decided(dict(parse_qsl(request.body.decode())))
        if path == "/oauth/end":
            known = dict(parse_qsl(query)).get("client_id") in self.clients
            ended = {"set-cookie": f"{_REMEMBERED}=; path=/; max-age=0"} if known else {}
            return _page("<h1>Signed out</h1>" if known else "<h1>Unknown client</h1>", **ended)
        if path == "/oauth/exchange":
            return self._exchange(request)
        if request.path.endswith("/.well-known/openid-configuration"):
            return Reply(body=json.dumps(self.discovery).encode())
        return Reply(body=json.dumps({"keys": self.keys}).encode())


@contextmanager
def issuing_beside(folder: Path) -> Iterator[Issuer]:
    """An issuer in a thread, for a test that has no event loop. Its page to sign in is shown."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        server = Server(folder, protocol="http/1.1", tls=False)
        asyncio.run_coroutine_threadsafe(server.start(), loop).result()
        issuer = Issuer(server)
        issuer.asks = True
        try:
            yield issuer
        finally:
            asyncio.run_coroutine_threadsafe(server.stop(), loop).result()
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
