"""Turns errors into answers with status, code and hint, and without any content of the request."""

import json
from collections.abc import Sequence

from starlette.responses import JSONResponse

from rekindle import errors
from rekindle.api.models import Problem
from rekindle.errors import Disposition, RekindleError
from rekindle.foreign import escaped

RETRY_AFTER_SECONDS = 10

# The first class that matches applies.
_STATUS: Sequence[tuple[type[RekindleError], int]] = (
    (errors.RequestMalformed, 400),
    (errors.KeyRefused, 401),
    (errors.Forbidden, 403),
    (errors.FormRefused, 403),
    (errors.TokenRefused, 401),
    (errors.RunNotFound, 404),
    (errors.RouteUnknown, 404),
    (errors.NotFound, 404),
    (errors.MethodRefused, 405),
    (errors.StillRecipient, 409),
    (errors.PersonAmbiguous, 409),
    (errors.KeyNameTaken, 409),
    (errors.RequestTooSlow, 408),
    (errors.RequestTooLarge, 413),
    (errors.NotConfirmable, 409),
    (errors.NoTestSend, 409),
    (errors.SettledOtherwise, 409),
    (errors.RequestError, 422),
    (errors.ConfigError, 422),
    (errors.DatabaseError, 503),
    (errors.ProviderError, 502),
    (RekindleError, 500),
)
_LATER: dict[type[RekindleError], int] = {
    errors.TooManyRequests: 429,
    errors.TooManyTests: 429,
    errors.TooManyRuns: 429,
    errors.TooManyFollowers: 429,
    errors.TooManyPlans: 429,
    errors.NotNow: 503,
    errors.IssuerUnavailable: 503,
}


class Json(JSONResponse):
    """JSON that a terminal can show as it is."""

    def render(self, content: object) -> bytes:
        """See Starlette."""
        return escaped(json.dumps(content, ensure_ascii=False)).encode()


def status_of(fault: RekindleError, method: str | None = None) -> int:
    """The status of the answer that describes an error. A scenario that does not exist is 404 for
    somebody who reads, as an organisation is, and otherwise a mistake of the request."""
    if isinstance(fault, errors.UnknownScenario) and method in ("GET", "HEAD"):
        return 404
    return _LATER.get(type(fault)) or next(number for kind, number in _STATUS if isinstance(fault, kind))


def problem(fault: RekindleError, *, status: int | None = None, problems: Sequence[str] = ()) -> JSONResponse:
    """The answer that describes an error. If a later attempt may succeed, it has the seconds to
    wait."""
    if status is None:
        status = status_of(fault)
    headers: dict[str, str] = {}
    if status == 401:
        # RFC 6750: a client that sees invalid_token asks for a new token, and tries again.
        refused = isinstance(fault, errors.TokenRefused)
        headers["www-authenticate"] = 'Bearer error="invalid_token"' if refused else "Bearer"
    if status in (408, 413):
        headers["connection"] = "close"  # the rest of the body will not be read
    if status == 503 or fault.disposition is Disposition.RETRY:
        wait_seconds = fault.retry_seconds if isinstance(fault, errors.TooManyRequests) else RETRY_AFTER_SECONDS
        headers["retry-after"] = str(wait_seconds)
    content = Problem(
        type=f"urn:rekindle:{fault.code}",
        title=" ".join((type(fault).__doc__ or "").split()),
        status=status,
        detail=fault.message,
        code=fault.code,
        hint=fault.hint,
        problems=list(problems),
    )
    return Json(content.model_dump(), status_code=status, headers=headers, media_type="application/problem+json")
