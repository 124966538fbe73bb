"""Classifies FCM's answers: accepted, certainly rejected, or uncertain.

`errorCode` of the FcmError detail comes first, then `error.status`, then the HTTP status. An
unknown code is ignored, and the next one decides. Details are found by their exact `@type`, at any
position in the list. If the body is HTML, a list, empty or cut, the HTTP status alone decides.

| what FCM says | outcome |
|---|---|
| 200 and a name | Accepted |
| 200 and anything else; an undocumented status | Uncertain `garbled_answer` |
| UNREGISTERED, or APNs 410 | PRUNE `unregistered` |
| INVALID_ARGUMENT that names the token | PRUNE `invalid_token` |
| SENDER_ID_MISMATCH | PRUNE `sender_id_mismatch` (if other sends succeed: the engine decides) |
| INVALID_ARGUMENT otherwise | DROP `invalid_argument`: the message is wrong, the token stays |
| NOT_FOUND without FcmError | DROP `not_found` (if the project exists: the engine decides) |
| THIRD_PARTY_AUTH_ERROR, APNS_AUTH_ERROR | RETRY `third_party_auth`: a project key is wrong |
| QUOTA_EXCEEDED | RETRY `quota_exceeded`, after Retry-After, else 60 s |
| UNAUTHENTICATED | HALT `unauthenticated` |
| PERMISSION_DENIED | HALT `permission_denied` |
| UNAVAILABLE, INTERNAL, DEADLINE_EXCEEDED | Uncertain: seen for messages that were delivered |
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, cast

from rekindle.dispatchers.fcm import hints
from rekindle.errors import CredentialsRejected, Disposition, PermissionDenied
from rekindle.model import Accepted, Outcome, Refused, Uncertain

FAKE_NAME = "fake_message_id"  # FCM gives this name to every message that it only validates
QUOTA_DELAY_SECONDS = 60.0  # the least delay that FCM requires after 429 without Retry-After
MAX_RETRY_AFTER_SECONDS = 3_600.0  # a nudge does not wait longer; the engine chooses the delay
MAX_NAME_CHARS = 1_000

_FCM_ERROR = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
_APNS_ERROR = "type.googleapis.com/google.firebase.fcm.v1.ApnsError"
_BAD_REQUEST = "type.googleapis.com/google.rpc.BadRequest"
_ERROR_INFO = "type.googleapis.com/google.rpc.ErrorInfo"

_FCM_CODES = {
    "UNREGISTERED": "UNREGISTERED",
    "SENDER_ID_MISMATCH": "SENDER_ID_MISMATCH",
    "QUOTA_EXCEEDED": "QUOTA_EXCEEDED",
    "THIRD_PARTY_AUTH_ERROR": "THIRD_PARTY_AUTH",
    "APNS_AUTH_ERROR": "THIRD_PARTY_AUTH",  # its older name
    "INVALID_ARGUMENT": "INVALID_ARGUMENT",
    "UNAVAILABLE": "UNAVAILABLE",
    "INTERNAL": "INTERNAL",
}
_STATUSES = {
    "INVALID_ARGUMENT": "INVALID_ARGUMENT",
    "NOT_FOUND": "NOT_FOUND",
    "PERMISSION_DENIED": "PERMISSION_DENIED",
    "UNAUTHENTICATED": "UNAUTHENTICATED",
    "RESOURCE_EXHAUSTED": "QUOTA_EXCEEDED",
    "UNAVAILABLE": "UNAVAILABLE",
    "INTERNAL": "INTERNAL",
    "UNKNOWN": "INTERNAL",
    "DEADLINE_EXCEEDED": "DEADLINE_EXCEEDED",
}
_HTTP = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    408: "DEADLINE_EXCEEDED",
    413: "INVALID_ARGUMENT",
    429: "QUOTA_EXCEEDED",
    500: "INTERNAL",
    502: "UNAVAILABLE",
    503: "UNAVAILABLE",
    504: "UNAVAILABLE",
}
_OUTCOMES: dict[str, Outcome] = {
    "UNREGISTERED": Refused(Disposition.PRUNE, "unregistered"),
    "INVALID_TOKEN": Refused(Disposition.PRUNE, "invalid_token"),
    "SENDER_ID_MISMATCH": Refused(Disposition.PRUNE, "sender_id_mismatch", hint=hints.OTHER_PROJECT),
    "INVALID_ARGUMENT": Refused(Disposition.DROP, "invalid_argument"),
    "NOT_FOUND": Refused(Disposition.DROP, "not_found", hint=hints.NO_PROJECT),
    "UNAUTHENTICATED": Refused(
        Disposition.HALT, "unauthenticated", error_code=CredentialsRejected.code, hint=hints.NEW_KEY
    ),
    "UNAVAILABLE": Uncertain("unavailable"),
    "INTERNAL": Uncertain("internal"),
    "DEADLINE_EXCEEDED": Uncertain("timeout"),
}
_GARBLED = Uncertain("garbled_answer")
_NAME_UNSAFE = re.compile("[\x00-\x20\x7f\ud800-\udfff]")  # the name is stored, and Postgres does not accept NUL


def classify(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    validate_only: bool = False,
    now: datetime | None = None,
) -> Outcome:
    """The outcome that an answer proves. Never raises, for any body.

    Args:
        status: the HTTP status.
        headers: the answer's headers, with names in any case; only Retry-After is read.
        body: the body, as far as it arrived.
        validate_only: the request asked only for a check, so the constant fake name means that the
            message is valid.
        now: the time that an HTTP date in Retry-After is compared with; None for the current time.
    """
    answer = _parsed(body)
    if status == 200:
        return _accepted(answer.get("name"), validate_only=validate_only)
    said = answer.get("error")
    error = cast("dict[str, Any]", said) if isinstance(said, dict) else {}
    details = _details(error)
    match _code(status, error, details):
        case "QUOTA_EXCEEDED":
            delay = _retry_after(headers, now or datetime.now(UTC))
            return Refused(Disposition.RETRY, "quota_exceeded", retry_after=delay, hint=hints.QUOTA)
        case "PERMISSION_DENIED":
            hint = hints.of_permission(error.get("message"), _of_type(details, _ERROR_INFO))
            return Refused(Disposition.HALT, "permission_denied", error_code=PermissionDenied.code, hint=hint)
        case "THIRD_PARTY_AUTH":
            hint = hints.of_third_party(_of_type(details, _APNS_ERROR))
            return Refused(Disposition.RETRY, "third_party_auth", hint=hint)
        case code:
            return _OUTCOMES.get(code, _GARBLED)


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):  # 64 kB of "[" cause a RecursionError
        return {}
    return cast("dict[str, Any]", answer) if isinstance(answer, dict) else {}


def _accepted(name: object, *, validate_only: bool) -> Outcome:
    if not isinstance(name, str) or not 0 < len(name) <= MAX_NAME_CHARS or _NAME_UNSAFE.search(name):
        return _GARBLED
    if not validate_only and name.rpartition("/")[2] == FAKE_NAME:
        return Refused(Disposition.DROP, "validated_only")  # the provider delivered nothing
    return Accepted(name)


def _details(error: Mapping[str, Any]) -> list[dict[str, Any]]:
    listed = error.get("details")
    every = cast("list[object]", listed) if isinstance(listed, list) else []
    return [cast("dict[str, Any]", detail) for detail in every if isinstance(detail, dict)]


def _of_type(details: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [detail for detail in details if detail.get("@type") == kind]


def _code(status: int, error: Mapping[str, Any], details: list[dict[str, Any]]) -> str:
    said = [_known(_FCM_CODES, detail.get("errorCode")) for detail in _of_type(details, _FCM_ERROR)]
    code = next(filter(None, said), None) or _known(_STATUSES, error.get("status")) or _HTTP.get(status, "")
    apns = _of_type(details, _APNS_ERROR)
    if code in ("INVALID_ARGUMENT", "NOT_FOUND") and any(map(_apns_is_gone, apns)):
        return "UNREGISTERED"
    if code == "UNAUTHENTICATED" and apns:
        return "THIRD_PARTY_AUTH"  # Apple refused the project's key; our access token is valid
    if code == "INVALID_ARGUMENT" and _names_the_token(error, details):
        return "INVALID_TOKEN"
    return code


def _known(codes: Mapping[str, str], word: object) -> str | None:
    return codes.get(word) if isinstance(word, str) else None


def _apns_is_gone(detail: Mapping[str, Any]) -> bool:
    return detail.get("statusCode") == 410 or detail.get("reason") == "Unregistered"


def _names_the_token(error: Mapping[str, Any], details: list[dict[str, Any]]) -> bool:
    for detail in details:
        violations = detail.get("fieldViolations") if detail.get("@type") == _BAD_REQUEST else None
        for violation in cast("list[object]", violations) if isinstance(violations, list) else []:
            field = cast("dict[str, Any]", violation).get("field") if isinstance(violation, dict) else None
            if field in ("message.token", "message.fid"):
                return True
    text = error.get("message")
    return isinstance(text, str) and "registration token" in text.lower() and "valid" in text.lower()


def _retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    text = next((value for name, value in headers.items() if name.lower() == "retry-after"), None)
    if text is None:
        return QUOTA_DELAY_SECONDS
    text = text.strip()
    if text.isascii() and text.isdecimal() and len(text) <= 9:
        seconds = float(text)
    else:
        try:
            at = parsedate_to_datetime(text)
            seconds = max(0.0, (at.replace(tzinfo=at.tzinfo or UTC) - now).total_seconds())
        except (ValueError, TypeError, OverflowError):
            return None
    return seconds if seconds <= MAX_RETRY_AFTER_SECONDS else None
