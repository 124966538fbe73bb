"""An issuer of tokens: real keys, a real server that publishes them, and tokens that it signs, or
that somebody else does."""

import base64
import functools
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import get_default_algorithms

from contract.fcm_server import Reply, Request, Server
from rekindle.scenario import SignInConfig

ORGANISATION = "0d0c1f0a-5a7e-4f0e-9a35-6d2f3f2b7c11"
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


class Issuer:
    """A server of the test as an issuer. `keys` is what it publishes."""

    def __init__(self, server: Server, path: str = "/auth/v1") -> None:
        self.server = server
        self.url = server.url + path
        self.keys = [jwk("ES256", "first")]
        self.discovery = {"issuer": self.url, "jwks_uri": f"{server.url}/keys"}
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

    @property
    def fetches(self) -> list[str]:
        """The paths that were asked for."""
        return [one.path for one in self.server.requests]

    def _answer(self, request: Request) -> Reply | str:
        if self.reply is not None:
            return self.reply()
        if request.path.endswith("/.well-known/openid-configuration"):
            return Reply(body=json.dumps(self.discovery).encode())
        return Reply(body=json.dumps({"keys": self.keys}).encode())
