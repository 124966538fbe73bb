"""Classifies an answer of the Edge Function, for each message of the batch.

The function relays FCM's answers, and `fcm.errors` classifies them, like every answer of FCM.
docs/reference/edge-function.md describes the format.

| answer | every message of the batch |
|---|---|
| 200 and results | its own result; Uncertain `missing_result` without one |
| 200 and `refused` | certainly not sent: HALT, or RETRY if Google gives no token now |
| 401 | HALT `key_rejected` |
| 404 | HALT `function_missing` |
| 400, 403, 405, 406, 411, 413, 414, 415, 422, 431 | HALT `request_rejected` |
| 429 | RETRY `quota_exceeded` |
| 504 | Uncertain `function_timeout` |
| 546, from the platform: the function reached a limit | Uncertain `function_killed` |
| any other 5xx | Uncertain `function_failed` |
| anything else | Uncertain `garbled_answer` |
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, cast
from uuid import UUID

from rekindle.dispatchers.fcm.errors import classify
from rekindle.dispatchers.supabase_function.call import Answer
from rekindle.errors import (
    CredentialsMissing,
    CredentialsRejected,
    Disposition,
    FunctionMissing,
    ProviderError,
    ProviderUnreachable,
    RequestRejected,
)
from rekindle.model import Outcome, Refused, Uncertain

_GARBLED = Uncertain("garbled_answer")
_FAULTS: Mapping[str, ProviderError] = {
    "key_rejected": CredentialsRejected(
        "the Edge Function refuses our key",
        hint="Set SUPABASE_SECRET_KEY (or SUPABASE_SERVICE_ROLE_KEY) to a current secret key of the project.",
    ),
    "function_missing": FunctionMissing(
        hint="Deploy it with `supabase functions deploy`; check `function` in [dispatcher], and SUPABASE_URL."
    ),
    "request_rejected": RequestRejected(
        hint="Deploy the function of this release. If it limits the size of requests, lower `batch` in [dispatcher]."
    ),
}
_SET = "Set its secret FCM_SERVICE_ACCOUNT to the content of the JSON key file of a service account of the project."
_REFUSED: Mapping[str, ProviderError] = {
    "credentials_missing": CredentialsMissing("FCM_SERVICE_ACCOUNT of the Edge Function is not set", hint=_SET),
    "credentials_not_json": CredentialsMissing("FCM_SERVICE_ACCOUNT of the Edge Function is not JSON", hint=_SET),
    "credentials_incomplete": CredentialsMissing(
        "FCM_SERVICE_ACCOUNT of the Edge Function has no project_id, or no client_email", hint=_SET
    ),
    "private_key_missing": CredentialsRejected(
        "FCM_SERVICE_ACCOUNT of the Edge Function has no private_key", hint=_SET
    ),
    "private_key_unreadable": CredentialsRejected(
        "the private_key in FCM_SERVICE_ACCOUNT of the Edge Function cannot be read",
        hint="It was damaged on its way: copy the file again, as Google made it.",
    ),
    "token_uri_not_google": CredentialsRejected(
        "the token_uri in FCM_SERVICE_ACCOUNT of the Edge Function is not Google's",
        hint="Use the file as Google made it; with a sandbox, set FCM_URL to the same host as token_uri.",
    ),
    "fcm_url_not_https": CredentialsRejected(
        "FCM_URL of the Edge Function is not an https:// address",
        hint="Unset it for Google's, or set it to the address of a sandbox.",
    ),
    "credentials_rejected": CredentialsRejected(
        "Google refuses the Edge Function's service account",
        hint="Its key may be deleted or disabled. Set its secret FCM_SERVICE_ACCOUNT to a key file that works.",
    ),
}
"""What the function says of its service account, by the word in `refused`."""
_STATUSES: Mapping[int, str] = {
    401: "key_rejected",
    404: "function_missing",
    **dict.fromkeys((400, 403, 405, 406, 411, 413, 414, 415, 422, 431), "request_rejected"),
}
_HALTS: Mapping[str, Refused] = {
    one.reason: replace(one, error_code=_FAULTS[one.reason].code, hint=_FAULTS[one.reason].hint)
    for one in (
        Refused(Disposition.HALT, "key_rejected"),
        Refused(Disposition.HALT, "function_missing"),
        Refused(Disposition.HALT, "request_rejected"),
    )
}
_WITHOUT_TOKEN: Mapping[str, Outcome] = {
    word: Refused(
        Disposition.HALT,
        "credentials_missing" if isinstance(fault, CredentialsMissing) else "unauthenticated",
        error_code=fault.code,
        hint=fault.hint,
    )
    for word, fault in _REFUSED.items()
} | {"token_unavailable": Refused(Disposition.RETRY, "token_unavailable")}
_NOT_SENT: Mapping[str, Outcome] = {
    "no_time": Refused(Disposition.RETRY, "no_time"),
    "connect_failed": Refused(Disposition.RETRY, "connect_failed"),
    "stream_refused": Refused(Disposition.RETRY, "stream_refused"),
}
_UNCERTAIN: Mapping[str, Outcome] = {
    "timeout": Uncertain("timeout"),
    "connection_lost": Uncertain("connection_lost"),
}
_FATES = ("status", "not_sent", "uncertain")


def outcomes(answer: Answer, claims: Sequence[UUID], *, validate_only: bool) -> list[Outcome]:
    """One outcome for each message of the batch, in order. Never raises, for any answer."""
    if answer.status != 200:
        return [_of_status(answer)] * len(claims)
    said = _parsed(answer.body)
    if "results" not in said:
        return [_known(_WITHOUT_TOKEN, said.get("refused"))] * len(claims)
    by_index: dict[int, list[Mapping[str, Any]]] = {}
    for result in _records(said["results"]):
        if type(result.get("index")) is int:
            by_index.setdefault(result["index"], []).append(result)
    return [_of_results(by_index.get(index, ()), claim, validate_only) for index, claim in enumerate(claims)]


def require_ready(answer: Answer | Refused | Uncertain) -> None:
    """Check that the function answered an empty batch correctly, so that it can send.

    Raises:
        ProviderError: it did not; the hint says how to fix it.
    """
    fault = None
    if isinstance(answer, Answer):
        said: Mapping[str, Any] = _parsed(answer.body) if answer.status == 200 else {}
        if said.get("results") == []:
            return
        word = said.get("refused")
        fault = _REFUSED.get(word) if isinstance(word, str) and "results" not in said else None
        [outcome] = outcomes(answer, [UUID(int=0)], validate_only=True)
    else:
        outcome = answer
    if fault is None and isinstance(outcome, Refused):
        fault = _FAULTS.get(outcome.reason)
    if fault is not None:
        raise type(fault)(fault.message, hint=fault.hint)
    if isinstance(outcome, Refused) and outcome.reason == "connect_failed":
        raise ProviderUnreachable(
            "nothing answers at the address that SUPABASE_URL names", hint="Check it, and the network."
        )
    if isinstance(outcome, Refused):
        raise ProviderUnreachable(f"the Edge Function cannot send now ({outcome.reason})", hint="Try again later.")
    reason = outcome.reason if isinstance(outcome, Uncertain) else "garbled_answer"
    raise ProviderUnreachable(
        f"the Edge Function sent an unexpected answer ({reason})", hint="Read its log, and deploy it again."
    )


def _of_status(answer: Answer) -> Outcome:
    reason = _STATUSES.get(answer.status)
    if reason is not None:
        return _HALTS[reason]
    if answer.status == 429:
        return classify(429, {} if answer.retry_after is None else {"retry-after": answer.retry_after}, b"")
    if answer.status == 504:
        return Uncertain("function_timeout")  # mutant: function-timeout
    if answer.status == 546:
        return Uncertain("function_killed")  # mutant: function-killed
    return Uncertain("function_failed") if 500 <= answer.status <= 599 else _GARBLED


def _known(outcomes: Mapping[str, Outcome], word: object) -> Outcome:
    return outcomes.get(word, _GARBLED) if isinstance(word, str) else _GARBLED


def _of_results(results: Sequence[Mapping[str, Any]], claim: UUID, validate_only: bool) -> Outcome:
    if not results:
        return Uncertain("missing_result")  # mutant: function-missing-result
    result = results[0]
    if result.get("claim_id") != str(claim):  # mutant: function-other-claim
        return _GARBLED
    if len(results) > 1 or sum(fate in result for fate in _FATES) != 1:
        return _GARBLED
    if "status" in result:
        status, body, retry_after = result["status"], result.get("body"), result.get("retry_after")
        if type(status) is not int or not isinstance(body, str):
            return _GARBLED
        headers = {"retry-after": retry_after} if isinstance(retry_after, str) else {}
        return classify(status, headers, body.encode(errors="replace"), validate_only=validate_only)
    if "not_sent" in result:
        return _known(_NOT_SENT, result["not_sent"])
    return _known(_UNCERTAIN, result["uncertain"])


def _parsed(body: bytes) -> Mapping[str, Any]:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):  # 2 MB of "[" cause a RecursionError
        return {}
    return cast("dict[str, Any]", said) if isinstance(said, dict) else {}


def _records(value: object) -> list[Mapping[str, Any]]:
    listed = cast("list[object]", value) if isinstance(value, list) else []
    return [cast("dict[str, Any]", one) for one in listed if isinstance(one, dict)]
