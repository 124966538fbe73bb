"""Verifies a token: its form, its signature by a key of the issuer, and the claims that say where
and how long it counts. PyJWT does the cryptography; this module says what it may accept.

A token chooses nothing: its algorithm must be one of the configured ones and fit the key, and its
key is one of the issuer's, found by name. Headers that bring or name a key (`jwk`, `jku`, `x5c`,
`x5u`) are not read.
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from typing import Any, cast

import jwt

from rekindle.errors import TokenRefused
from rekindle.scenario.sign_in import SignInConfig
from rekindle.sign_in.keys import IssuerKeys

MAX_TOKEN_BYTES = 8_192
MAX_KID = 256
LEEWAY_SECONDS = 30
"""How far the issuer's clock may be off."""

_FORM = re.compile(rb"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_TYPES = frozenset({"jwt", "at+jwt", "application/at+jwt"})
_REQUIRED = ["iss", "aud", "exp", "sub"]  # mutant: token-required

# What PyJWT raises, from the most special class on, and what is said of it.
_REASONS: Mapping[type[Exception], str] = {
    jwt.ExpiredSignatureError: "the token has expired",
    jwt.ImmatureSignatureError: "the token is not valid yet",
    jwt.InvalidAudienceError: "the token is for another audience",
    jwt.InvalidIssuerError: "the token is from another issuer",
    jwt.MissingRequiredClaimError: "the token lacks one of iss, aud, exp and sub",
    jwt.InvalidSignatureError: "the signature of the token is not right",
}


def is_token(shown: bytes) -> bool:
    """Whether this has the form of a token: three parts in base64url. A key never has it, unless
    somebody made it so."""
    return _FORM.fullmatch(shown) is not None


async def verified(token: bytes, config: SignInConfig, keys: IssuerKeys) -> Mapping[str, Any]:
    """The claims of a token. Nothing that this raises quotes it.

    Raises:
        TokenRefused: it does not count here.
        IssuerUnavailable: that cannot be known now.
    """
    kid, algorithm = _header(token, config)
    key = await keys.key(kid, algorithm)
    if key is None:
        raise TokenRefused("the issuer has no such key, or the token's algorithm does not fit it")
    try:
        claims = jwt.decode(
            token,
            key,
            algorithms=[algorithm],
            audience=config.audience,  # mutant: token-audience
            issuer=config.issuer,  # mutant: token-issuer
            leeway=LEEWAY_SECONDS,  # mutant: token-time
            options={"require": _REQUIRED, "enforce_minimum_key_length": True},
        )
    except (jwt.PyJWTError, ArithmeticError, RecursionError, TypeError, ValueError) as error:
        reason = next((text for kind, text in _REASONS.items() if isinstance(error, kind)), "the token is malformed")
        raise TokenRefused(reason) from None
    # No claim may be there twice.
    _object(token.split(b".")[1])  # mutant: claim-twice
    return claims


def _header(token: bytes, config: SignInConfig) -> tuple[str, str]:
    """The key's name and the algorithm that the token's header names."""
    if len(token) > MAX_TOKEN_BYTES:
        raise TokenRefused(f"the token has more than {MAX_TOKEN_BYTES:,} bytes")
    if not is_token(token):
        raise TokenRefused("the token is malformed")
    header = _object(token.split(b".")[0])
    kid, algorithm, kind = header.get("kid"), header.get("alg"), header.get("typ", "JWT")
    if not isinstance(algorithm, str) or algorithm not in config.algorithms:  # mutant: pinned-algorithms
        raise TokenRefused("the algorithm of the token is not one that [sign_in] allows")
    if not isinstance(kid, str) or not 0 < len(kid) <= MAX_KID:
        raise TokenRefused("the token does not name its key (kid)")
    if "crit" in header or not isinstance(kind, str) or kind.lower() not in _TYPES:  # mutant: token-kind
        raise TokenRefused("the token is of another kind, or has critical headers that are not known here")
    return kid, algorithm


def _object(part: bytes) -> Mapping[str, Any]:
    """The JSON object in a part of a token. No name may be there twice: two programs could take
    different ones."""
    try:
        content = base64.urlsafe_b64decode(part + b"=" * (-len(part) % 4))
        found: object = json.loads(content, object_pairs_hook=_once)
    except (binascii.Error, RecursionError, ValueError):
        found = None
    if not isinstance(found, dict):
        raise TokenRefused("the token is malformed")
    return cast("Mapping[str, Any]", found)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name is there twice")
    return found
