"""What each answer of FCM proves; every case is in contract/fcm_cases/errors.json with its
source."""

import json
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from contract.fcm_server import as_reply, assert_as_expected, error_cases
from rekindle.dispatchers.fcm.errors import classify
from rekindle.dispatchers.supabase_function.answer import outcomes
from rekindle.dispatchers.supabase_function.call import Answer
from rekindle.model import Accepted, Refused, Uncertain

NOW = datetime(2026, 11, 23, 9, 7, tzinfo=UTC)


@pytest.mark.parametrize("case", error_cases(), ids=lambda case: case["id"])
def test_each_known_answer_is_classified_as_its_case_says(case):
    reply = as_reply(case, NOW)
    assert_as_expected(case, classify(reply.status, reply.headers, reply.body, now=NOW))


def test_the_fake_name_is_an_acceptance_only_of_a_validation():
    body = b'{"name": "projects/p/messages/fake_message_id"}'
    assert classify(200, {}, body, validate_only=True) == Accepted("projects/p/messages/fake_message_id")
    assert not isinstance(classify(200, {}, body), Accepted)


@pytest.mark.parametrize("name", ["", "a\x00b", "\ud800", "x" * 1_001, None, 1, ["a"]])
def test_a_name_that_could_not_be_recorded_leaves_the_send_uncertain(name):
    body = json.dumps({"name": name}).encode()
    assert classify(200, {}, body) == Uncertain("garbled_answer")


_APNS = "type.googleapis.com/google.firebase.fcm.v1.ApnsError"
_INFO = "type.googleapis.com/google.rpc.ErrorInfo"


@pytest.mark.parametrize(
    ("detail", "reason"),
    [
        ({"@type": _APNS, "reason": "InvalidProviderToken"}, "third_party_auth"),
        ({"@type": _INFO, "reason": "ACCESS_TOKEN_EXPIRED"}, "unauthenticated"),
    ],
)
def test_a_401_for_apples_key_is_not_taken_for_our_own_token(detail, reason):
    body = json.dumps({"error": {"status": "UNAUTHENTICATED", "details": [detail]}}).encode()
    outcome = classify(401, {}, body)
    assert isinstance(outcome, Refused)
    assert outcome.reason == reason


def denied(message: str = "", *details: dict[str, object], status: str = "PERMISSION_DENIED") -> bytes:
    return json.dumps({"error": {"status": status, "message": message, "details": details}}).encode()


def info(reason: str, consumer: object = "projects/my-app") -> dict[str, object]:
    return {"@type": _INFO, "reason": reason, "metadata": {"consumer": consumer}}


_LIBRARY = "https://console.cloud.google.com/apis/library/fcm.googleapis.com"


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (denied("", info("SERVICE_DISABLED")), f"{_LIBRARY}?project=my-app,"),
        (denied("", info("SERVICE_DISABLED", "projects/x y\x1b")), f"{_LIBRARY},"),
        (denied("Firebase Cloud Messaging API has not been used in project 1 before or it is disabled."), _LIBRARY),
        (denied("", info("BILLING_DISABLED")), "billing/linkedaccount?project=my-app"),
        (denied("This API method requires billing to be enabled."), "Enable billing"),
        (denied("", info("CONSUMER_SUSPENDED")), "has suspended the project"),
        (denied("", info("CONSUMER_INVALID")), "may be deleted"),
        (denied("", info("ACCESS_TOKEN_SCOPE_INSUFFICIENT")), "scopes"),
        (denied("", info("IAM_PERMISSION_DENIED")), "cloudmessaging.messages.create"),
        (denied("", {"@type": _INFO, "reason": 1, "metadata": 2}), "cloudmessaging.messages.create"),
        (b"<html>", "cloudmessaging.messages.create"),
    ],
)
def test_a_refusal_of_our_project_says_where_to_fix_it(body: bytes, says: str):
    outcome = classify(403, {}, body)
    assert isinstance(outcome, Refused)
    assert (outcome.reason, outcome.error_code) == ("permission_denied", "RK404")
    assert says in outcome.hint
    assert outcome.hint.isprintable()
    assert "{" not in outcome.hint


@pytest.mark.parametrize(
    ("status", "body", "says"),
    [
        (401, denied(status="UNAUTHENTICATED"), "clock"),
        (404, b"<html>", "may be deleted"),
        (429, b"", "per_minute"),
        (401, denied("", {"@type": _APNS, "reason": "InvalidProviderToken"}, status="UNAUTHENTICATED"), "APNs key"),
        (401, denied("", {"@type": _APNS, "reason": "BadEnvironmentKeyInToken"}, status="UNAUTHENTICATED"), "for both"),
    ],
)
def test_every_answer_that_an_operator_must_act_on_has_a_hint(status: int, body: bytes, says: str):
    outcome = classify(status, {}, body)
    assert isinstance(outcome, Refused)
    assert says in outcome.hint


def test_an_answer_relayed_by_the_edge_function_has_the_same_hint():
    body = denied("", info("SERVICE_DISABLED")).decode()
    result = {"index": 0, "claim_id": str(UUID(int=0)), "status": 403, "body": body}
    answer = Answer(200, body=json.dumps({"results": [result]}).encode())
    [outcome] = outcomes(answer, [UUID(int=0)], validate_only=False)
    assert isinstance(outcome, Refused)
    assert f"{_LIBRARY}?project=my-app," in outcome.hint


_KEYS = ("error", "details", "@type", "errorCode", "status", "message", "fieldViolations", "field", "name")
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(_KEYS), inner, max_size=4),
)


@given(
    status=st.integers(100, 599),
    body=st.binary(max_size=200) | _JSON.map(lambda value: json.dumps(value).encode()),
    retry_after=st.text(max_size=40),
)
@example(status=503, body=b"[" * 65_536, retry_after="")
@example(status=400, body=b'{"error": ' + b"9" * 5_000 + b"}", retry_after="")
@example(status=429, body=b"", retry_after="Mon, 01 Jan 99999999999999 00:00:00 GMT")
@example(status=429, body=b"", retry_after="\u0661")
@example(status=200, body=b'{"name": "a\\ud800"}', retry_after="")
def test_no_answer_whatsoever_breaks_the_classification(status, body, retry_after):
    outcome = classify(status, {"retry-after": retry_after}, body)
    assert isinstance(outcome, Accepted | Refused | Uncertain)
    assert not isinstance(outcome, Accepted) or status == 200
    if isinstance(outcome, Refused) and outcome.retry_after is not None:
        assert 0 <= outcome.retry_after <= 3_600
