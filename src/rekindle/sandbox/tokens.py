"""The token endpoint: RFC 7523 assertions in, access tokens out."""

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any, Literal, cast
from urllib.parse import parse_qs

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256

from rekindle.sandbox.replies import Reply, as_json, oauth_error

GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
GOOGLE_TOKEN_URI = "https://oauth2.googleapis.com/token"  # noqa: S105
SCOPES = frozenset(
    {
        "https://www.googleapis.com/auth/firebase.messaging",
        "https://www.googleapis.com/auth/cloud-platform",
    }
)
LIFETIME_SECONDS = 3599
_MAX_ASSERTION_SECONDS = 3600
_SKEW_SECONDS = 300
_PREFIX = "ya29.sandbox."

Validity = Literal["valid", "expired", "unknown"]


class AccessTokens:
    """Access tokens that contain their expiry, protected by a MAC, so they stay valid after a
    restart of the sandbox."""

    def __init__(self, private_key_pem: str) -> None:
        self._key = hashlib.sha256(b"rekindle sandbox access token\n" + private_key_pem.encode()).digest()
        self._known: dict[str, float] = {}

    def issue(self, *, now: float) -> str:
        """A token that expires `LIFETIME_SECONDS` after `now` (seconds since 1970)."""
        expires_at = int(now) + LIFETIME_SECONDS
        return f"{_PREFIX}{expires_at}.{self._mac(str(expires_at))}"

    def check(self, token: str, *, now: float) -> Validity:
        """Whether this sandbox issued the token, and whether it is still valid at `now`."""
        expires_at = self._known.get(token)
        if expires_at is None:
            stamp, _, mac = token.removeprefix(_PREFIX).partition(".")
            if not (stamp.isascii() and stamp.isdigit() and token.startswith(_PREFIX)):
                return "unknown"
            if not hmac.compare_digest(mac.encode(), self._mac(stamp).encode()):
                return "unknown"
            expires_at = float(stamp)
            if len(self._known) >= 1000:
                self._known.clear()
            self._known[token] = expires_at
        return "valid" if now < expires_at else "expired"

    def _mac(self, stamp: str) -> str:
        mac = hmac.digest(self._key, stamp.encode(), "sha256")
        return base64.urlsafe_b64encode(mac).rstrip(b"=").decode()


class TokenEndpoint:
    """Checks assertions of one service account, and answers like Google's token endpoint."""

    def __init__(self, account: Mapping[str, str], public_key: RSAPublicKey, access_tokens: AccessTokens) -> None:
        self._email = account["client_email"]
        self._key_id = account["private_key_id"]
        self._audiences = (GOOGLE_TOKEN_URI, account["token_uri"])
        self._public_key = public_key
        self._access_tokens = access_tokens

    def answer(self, body: bytes) -> Reply:
        """200 with an access token, or 400 with the first error."""
        try:
            form = {name: values[-1] for name, values in parse_qs(body.decode()).items()}
        except ValueError:
            return oauth_error("invalid_request", "The body is not a form.")
        grant = form.get("grant_type", "")
        if grant != GRANT:
            return oauth_error("unsupported_grant_type", f"Invalid grant_type: {grant}")
        assertion = form.get("assertion")
        if not assertion:
            return oauth_error("invalid_request", "Missing required parameter: assertion")
        refusal = self._refusal(assertion, time.time())
        if refusal is not None:
            return refusal
        token = self._access_tokens.issue(now=time.time())
        granted = {"access_token": token, "expires_in": LIFETIME_SECONDS, "token_type": "Bearer"}
        return as_json(200, granted, ("cache-control", "no-store"))

    def _refusal(self, assertion: str, now: float) -> Reply | None:
        try:
            head, claims, signature = _parts(assertion)
        except (ValueError, RecursionError):
            return oauth_error("invalid_grant", "Bad Request")
        if claims.get("iss") != self._email:
            return oauth_error("invalid_grant", "Invalid grant: account not found")
        if head.get("alg") != "RS256" or head.get("kid", self._key_id) != self._key_id:
            return oauth_error("invalid_grant", "Invalid JWT Signature.")
        try:
            signed = assertion.rpartition(".")[0].encode()
            self._public_key.verify(signature, signed, PKCS1v15(), SHA256())
        except InvalidSignature:
            return oauth_error("invalid_grant", "Invalid JWT Signature.")
        if claims.get("aud") not in self._audiences:
            why = f"Invalid JWT: Failed audience check. The right audience is {self._audiences[1]}"
            return oauth_error("invalid_grant", why)
        if not _in_window(claims.get("iat"), claims.get("exp"), now):
            why = (
                "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. "
                "Check your iat and exp values in the JWT claim."
            )
            return oauth_error("invalid_grant", why)
        scope = claims.get("scope")
        if not isinstance(scope, str) or SCOPES.isdisjoint(scope.split()):
            return oauth_error("invalid_scope", "Invalid OAuth scope or ID token audience provided.")
        return None


def _parts(assertion: str) -> tuple[dict[str, Any], dict[str, Any], bytes]:
    """Header, claims and signature of a compact JWT. Raises ValueError if it is not one."""
    head, claims, signature = assertion.split(".")
    return _object(head), _object(claims), _decode(signature)


def _object(part: str) -> dict[str, Any]:
    value: Any = json.loads(_decode(part))
    if not isinstance(value, dict):
        raise ValueError("not an object")
    return cast("dict[str, Any]", value)


def _decode(part: str) -> bytes:
    try:
        return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError("not base64url") from error


def _in_window(issued_at: Any, expires_at: Any, now: float) -> bool:
    if type(issued_at) not in (int, float) or type(expires_at) not in (int, float):
        return False
    return (
        issued_at <= now + _SKEW_SECONDS
        and expires_at > now - _SKEW_SECONDS
        and 0 < expires_at - issued_at <= _MAX_ASSERTION_SECONDS
    )
