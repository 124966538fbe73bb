"""the sandbox's answers, with the bodies of Google's front end, its token endpoint and FCM."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

JSON = ("content-type", "application/json; charset=UTF-8")
HTML = ("content-type", "text/html; charset=UTF-8")
CHALLENGE = ("www-authenticate", 'Bearer realm="https://accounts.google.com/"')

FCM_ERROR = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
BAD_REQUEST = "type.googleapis.com/google.rpc.BadRequest"
ERROR_INFO = "type.googleapis.com/google.rpc.ErrorInfo"


@dataclass(frozen=True, slots=True)
class Reply:
    """One complete answer."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = (JSON,)


def as_json(status: int, body: Any, *headers: tuple[str, str]) -> Reply:
    """A JSON answer."""
    return Reply(status, json.dumps(body).encode(), (JSON, *headers))


def rpc_error(
    code: int,
    status: str,
    message: str,
    details: Sequence[Mapping[str, Any]] = (),
    headers: tuple[tuple[str, str], ...] = (),
) -> Reply:
    """A google.rpc.Status. Empty `details` are left out, as in Google's answers."""
    error: dict[str, Any] = {"code": code, "message": message, "status": status}
    if details:
        error["details"] = list(details)
    return as_json(code, {"error": error}, *headers)


def invalid(message: str, violations: Sequence[tuple[str, str]] = (), *, fcm: bool) -> Reply:
    """400 INVALID_ARGUMENT. `fcm`: rejected by FCM itself, and not by the JSON front end, which
    adds no FcmError."""
    details: list[dict[str, Any]] = []
    if fcm:
        details.append({"@type": FCM_ERROR, "errorCode": "INVALID_ARGUMENT"})
    if violations:
        fields = [{"field": field, "description": why} for field, why in violations]
        details.append({"@type": BAD_REQUEST, "fieldViolations": fields})
    return rpc_error(400, "INVALID_ARGUMENT", message, details)


def forbidden(project: str) -> Reply:
    """403: these credentials have no access to the project, or it does not exist."""
    return rpc_error(
        403,
        "PERMISSION_DENIED",
        "Permission 'cloudmessaging.messages.create' denied on resource "
        f"'//cloudresourcemanager.googleapis.com/projects/{project}' (or it may not exist).",
        [
            {
                "@type": ERROR_INFO,
                "reason": "IAM_PERMISSION_DENIED",
                "domain": "cloudresourcemanager.googleapis.com",
                "metadata": {
                    "resource": f"projects/{project}",
                    "permission": "cloudmessaging.messages.create",
                },
            }
        ],
    )


def oauth_error(error: str, description: str) -> Reply:
    """400 of the token endpoint."""
    return as_json(400, {"error": error, "error_description": description})


def mistake(why: str) -> Reply:
    """400 of the sandbox's own endpoints: one line."""
    return as_json(400, {"error": " ".join(why.split())})


NO_CREDENTIALS = rpc_error(
    401, "UNAUTHENTICATED", "Request is missing required authentication credential.", (), (CHALLENGE,)
)
BAD_CREDENTIALS = rpc_error(401, "UNAUTHENTICATED", "Request had invalid authentication credentials.", (), (CHALLENGE,))
EXPIRED_CREDENTIALS = rpc_error(
    401,
    "UNAUTHENTICATED",
    "Request had invalid authentication credentials.",
    [{"@type": ERROR_INFO, "reason": "ACCESS_TOKEN_EXPIRED", "domain": "googleapis.com"}],
    (CHALLENGE,),
)
UNAVAILABLE = rpc_error(
    503,
    "UNAVAILABLE",
    "The service is currently unavailable.",
    [{"@type": FCM_ERROR, "errorCode": "UNAVAILABLE"}],
)
INTERNAL = rpc_error(500, "INTERNAL", "Internal error encountered.", [{"@type": FCM_ERROR, "errorCode": "INTERNAL"}])
NOT_FOUND = Reply(404, b"<!DOCTYPE html><title>Error 404 (Not Found)!!1</title>", (HTML,))
