"""The public keys of an issuer: where they are published, and how long they count."""

import asyncio
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, cast

from jwt import PyJWK, PyJWTError

from rekindle.errors import IssuerUnavailable
from rekindle.log import log
from rekindle.scenario.sign_in import SignInConfig, issuer_url_mistake
from rekindle.sign_in.fetch import fetch

MAX_AGE_SECONDS = 600.0
"""Older keys are fetched again first, so that a key that the issuer withdrew stops counting."""
GRACE_SECONDS = 3_600.0
"""How long the last keys count while the issuer does not answer."""
REFETCH_SECONDS = 30.0
"""The least time between two fetches, whatever the tokens say."""

_FITTING: Mapping[str, Sequence[str]] = {
    "RSA": ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    "EC P-256": ("ES256",),
    "EC P-384": ("ES384",),
    "EC P-521": ("ES512",),
    "OKP Ed25519": ("EdDSA",),
}

_NAMES: Mapping[str, str] = {
    "jwks_uri": "keys",
    "authorization_endpoint": "page to sign in",
    "token_endpoint": "tokens",
    "end_session_endpoint": "page to sign out",
}

Keys = Mapping[str, Mapping[str, PyJWK]]
"""By `kid`, then by algorithm: each key with the algorithms that it fits."""


class IssuerKeys:
    """The keys of one issuer, fetched when a token needs them. Safe for concurrent calls: one of
    them fetches, and the others wait for it."""

    def __init__(self, config: SignInConfig, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._config = config
        self._clock = clock
        self._one_at_a_time = asyncio.Lock()
        self._keys: Keys = {}
        self._fetched_at = self._tried_at = -math.inf
        self._fault: IssuerUnavailable | None = None

    async def key(self, kid: str, algorithm: str) -> PyJWK | None:
        """The key of this name, as a key of this algorithm. None: the issuer has no such key.

        Raises:
            IssuerUnavailable: the issuer does not answer, and this key is not one of those that it
                had within the last hour; or it has no key at all.
        """
        if kid not in self._keys or self._older_than(MAX_AGE_SECONDS):  # mutant: keys-age
            await self.refresh()
        unsure = self._fault is not None and kid not in self._keys
        if unsure or not self._keys or self._older_than(GRACE_SECONDS):  # mutant: keys-grace
            raise unavailable(self._fault)
        return self._keys.get(kid, {}).get(algorithm)

    async def refresh(self) -> None:
        """Fetch the keys, unless that was tried within the last 30 s. A failure is logged, and
        leaves the keys."""
        async with self._one_at_a_time:
            if self._clock() - self._tried_at < REFETCH_SECONDS:  # mutant: refetch-rate
                return
            self._tried_at = self._clock()
            try:
                self._keys = await published(self._config)
            except IssuerUnavailable as fault:
                self._fault = fault
                log.warning("sign_in.failed", code=fault.code, error=fault.message, hint=fault.hint)
                return
            self._fetched_at, self._fault = self._clock(), None
            log.info("sign_in.keys", count=len(self._keys))

    def _older_than(self, seconds: float) -> bool:
        return self._clock() - self._fetched_at > seconds


def unavailable(fault: IssuerUnavailable | None) -> IssuerUnavailable:
    """The same fault as a new exception; None: the issuer answered, and has no key that fits."""
    if fault is not None:
        return IssuerUnavailable(fault.message, hint=fault.hint)
    return IssuerUnavailable(
        "the issuer has no key for the algorithms of [sign_in]",
        hint="In Supabase, switch the project from the shared secret to signing keys.",
    )


async def published(config: SignInConfig) -> Keys:
    """The keys that the issuer has now and that fit the algorithms that are allowed; perhaps none.

    Raises:
        IssuerUnavailable: they cannot be fetched, or it is not a set of keys.
    """
    url = config.jwks_url or _well_known(config.issuer) or await _discovered(config.issuer)
    document = (await fetch(url)).get("keys")
    if not isinstance(document, list):
        raise IssuerUnavailable("the issuer's answer is not a set of keys (JWKS)")
    keys: dict[str, dict[str, PyJWK]] = {}
    for jwk in cast("list[object]", document):
        if isinstance(jwk, dict):
            for kid, algorithm, key in _usable(cast("Mapping[str, Any]", jwk), config.algorithms):
                keys.setdefault(kid, {}).setdefault(algorithm, key)
    return keys


def _well_known(issuer: str) -> str | None:
    """Where Supabase Auth publishes its keys; None: the issuer is another one."""
    return f"{issuer}/.well-known/jwks.json" if issuer.endswith("/auth/v1") else None


async def _discovered(issuer: str) -> str:
    """Where the issuer's own configuration says that its keys are."""
    return address_in(await discovered(issuer), "jwks_uri", issuer)


async def discovered(issuer: str) -> Mapping[str, Any]:
    """What the issuer publishes about itself (OpenID Connect Discovery).

    Raises:
        IssuerUnavailable: it cannot be fetched, or it is of another issuer.
    """
    document = await fetch(f"{issuer.removesuffix('/')}/.well-known/openid-configuration")
    if document.get("issuer") != issuer:
        raise IssuerUnavailable(
            "the issuer calls itself otherwise in its configuration",
            hint="Set issuer in [sign_in] to exactly the `issuer` of its .well-known/openid-configuration.",
        )
    return document


def address_in(document: Mapping[str, Any], name: str, issuer: str) -> str:
    """An address that the issuer publishes.

    Raises:
        IssuerUnavailable: there is none, or it is not of https.
    """
    url = document.get(name)
    if not isinstance(url, str) or issuer_url_mistake(url, loopback=issuer.startswith("http:")) is not None:
        raise IssuerUnavailable(f"the issuer's configuration has no https address of its {_NAMES[name]} ({name})")
    return url


def _usable(jwk: Mapping[str, Any], allowed: Sequence[str]) -> Iterator[tuple[str, str, PyJWK]]:
    """The name of a key, and the key with each algorithm that it fits and that is allowed. Nothing
    if it is of another kind, too short, not for signatures, or not a public key."""
    kid, kty, algorithm = jwk.get("kid"), jwk.get("kty"), jwk.get("alg")
    operations: object = jwk.get("key_ops", ["verify"])
    verifies = jwk.get("use", "sig") == "sig" and isinstance(operations, list) and "verify" in operations
    if not isinstance(kid, str) or not verifies or "d" in jwk:
        return
    for one in _FITTING.get("RSA" if kty == "RSA" else f"{kty} {jwk.get('crv')}", ()):
        if one not in allowed or algorithm not in (None, one):  # mutant: key-algorithm
            continue
        try:
            key = PyJWK(dict(jwk), algorithm=one)
        except (PyJWTError, ValueError, TypeError):
            return
        if key.Algorithm.check_key_length(key.key) is None:
            yield kid, one, key
