"""The sandbox accepts what FCM accepts and refuses what FCM refuses. Its log has exactly the
accepted messages."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from contract.fcm_cases import MESSAGES
from contract.fcm_server import message
from contract.sandbox_client import Sender
from rekindle.dispatchers.fcm.message import wire
from rekindle.sandbox import Sandbox
from rekindle.scenario import parse_scenario
from rekindle.scenario.platforms import MAX_NAME_CHARS

# A client refuses these before it sends anything: a list of more than 500, and a repeated key in
# one object.
NOT_ON_THE_WIRE = {"batch_over_500", "aps_duplicate_field"}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


@pytest.fixture(scope="module")
def sender(sandbox: Sandbox) -> Iterator[Sender]:
    with Sender(sandbox) as one:
        yield one


def wire_form(case: dict[str, Any]) -> dict[str, Any]:
    """The request that a client makes of a case, without a check by the client."""
    if case["valid"]:
        wire = case["wire"]
        request = wire if "validate_only" in wire else {"message": dict(wire)}
    else:
        message = json.loads(json.dumps(case["input"]))
        if "data_bytes" in message:
            message["data"] = {"k": "x" * (message.pop("data_bytes") - 1)}
        android = message.get("android", {})
        if "ttl_seconds" in android:
            android["ttl"] = f"{android.pop('ttl_seconds')}s"
        request = {"message": message}
    if case["valid"] and not {"token", "fid", "topic", "condition"} & set(request["message"]):
        request["message"]["token"] = "t"  # a case about another field
    return request


def violations(answer: Any) -> list[dict[str, str]]:
    details = answer.json()["error"].get("details", [])
    return [v for detail in details for v in detail.get("fieldViolations", [])]


@pytest.mark.parametrize("case", [c for c in MESSAGES if c["valid"]], ids=lambda c: c["id"])
def test_what_fcm_takes_is_accepted_and_kept(sandbox: Sandbox, sender: Sender, case: dict[str, Any]):
    sandbox.clear()
    request = wire_form(case)
    answer = sender.post(request)
    assert answer.status_code == 200, answer.text
    if request.get("validate_only"):
        assert answer.json() == {"name": f"projects/{sandbox.project}/messages/fake_message_id"}
        assert sandbox.messages() == []
        return
    (kept,) = sandbox.messages()
    assert kept["message"] == request["message"]
    assert kept["name"] == answer.json()["name"]
    assert request["message"][kept["target_kind"]] == kept["target"]
    assert kept["project"] == sandbox.project


def test_what_a_scenario_can_say_for_each_platform_is_accepted(sandbox: Sandbox, sender: Sender):
    sandbox.clear()
    name = "n" * MAX_NAME_CHARS
    keys: dict[str, Any] = {
        "android": {"channel_id": name, "priority": "normal", "sound": name, "icon": name, "click_action": name}
        | {"color": "#1A6B4f"},
        "apns": {
            "sound": name,
            "badge": 99_999,
            "category": name,
            "thread_id": name,
            "mutable_content": True,
        },
        "analytics_label": "a-Z_0.~%",
        "image": "https://example.org/image.png",
        "webpush": {"icon": "https://example.org/icon.png", "badge": "https://example.org/badge.png"},
    }
    texts = {"link": "https://example.org/", "message": {"en": {"title": "t", "body": "b", "subtitle": "s"}}}
    levels = [{**keys, "apns": keys["apns"] | {"interruption_level": level}} for level in ("passive", "active")]
    for said in (*levels, {"data_only": True, "link": "myapp://x"}, {"link": "myapp://x", "analytics_label": "x"}):
        one = parse_scenario({"kind": "milestone", "at": [1], "cooldown": "1d", **texts, **said})
        parts = {"image": one.image, "subtitle": "s", "link": one.link, "web_link": one.web_link}
        sent = json.loads(wire(message(options=one.options(), ttl_seconds=60, **parts)))
        answer = sender.post(sent)
        assert answer.status_code == 200, answer.text
        assert sandbox.messages()[-1]["message"] == sent["message"]


@pytest.mark.parametrize(
    "case", [c for c in MESSAGES if not c["valid"] and c["id"] not in NOT_ON_THE_WIRE], ids=lambda c: c["id"]
)
def test_what_fcm_refuses_is_refused_and_not_kept(sandbox: Sandbox, sender: Sender, case: dict[str, Any]):
    sandbox.clear()
    answer = sender.post(wire_form(case))
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]["status"] == "INVALID_ARGUMENT"
    assert answer.json()["error"]["code"] == 400
    assert sandbox.messages() == []


@pytest.mark.parametrize(
    ("message", "field"),
    [
        ({"token": "t", "nonsense": 1}, "message"),
        ({"token": "t", "android": {"notification": {"priority": "high"}}}, "message.android.notification"),
        # The name that Google's Python library has for event_time.
        (
            {"token": "t", "android": {"notification": {"event_timestamp": "2019-10-20T20:12:23Z"}}},
            "message.android.notification",
        ),
        ({"token": "t", "android": {"notification": {"event_time": "x"}}}, "message.android.notification.event_time"),
        (
            {"token": "t", "android": {"notification": {"vibrate_timings": ["1s", "-1s"]}}},
            "message.android.notification.vibrate_timings[1]",
        ),
        (
            {"token": "t", "android": {"notification": {"vibrateTimings": ["-1s"]}}},
            "message.android.notification.vibrate_timings[0]",
        ),
        (
            {"token": "t", "android": {"notification": {"visibility": "VISIBILITY_PRIVATE"}}},
            "message.android.notification.visibility",
        ),
        ({"token": "t", "android": {"ttl": "3600"}}, "message.android.ttl"),
        ({"token": "t", "android": {"ttl": 3600}}, "message.android.ttl"),
        ({"token": "t", "android": {"data": {"from": "x"}}}, "message.android.data"),
        ({"token": "t", "android": {"direct_boot_ok": "yes"}}, "message.android.direct_boot_ok"),
        ({"token": "t", "android": []}, "message.android"),
        ({"token": "t", "data": {"a": "b", "c": 12}}, "message.data[1].value"),
        ({"token": "t", "data": {"a": None}}, "message.data[0].value"),
        ({"token": "t", "notification": {"title": 5}}, "message.notification.title"),
        ({"token": 5}, "message.token"),
        ({"token": "t", "apns": {"headers": {"apns-priority": "7"}}}, "message.apns.headers"),
        ({"token": "t", "apns": {"payload": "x"}}, "message.apns.payload"),
        (
            {"token": "t", "apns": {"payload": {"aps": {"alert": {"loc-args": ["a"]}}}}},
            "message.apns.payload.aps.alert",
        ),
        ({"token": "t", "webpush": {"headers": {"Urgency": "now"}}}, "message.webpush.headers"),
        ({"topic": "/topics/news"}, "message.topic"),
        (
            {"token": "t", "android": {"notification": {"body_loc_args": "a"}}},
            "message.android.notification.body_loc_args",
        ),
        (
            {"token": "t", "android": {"fcm_options": {"analytics_label": "a b"}}},
            "message.android.fcm_options.analytics_label",
        ),
    ],
)
def test_a_refusal_names_the_field(sender: Sender, message: dict[str, Any], field: str):
    answer = sender.send(message)
    assert answer.status_code == 400, answer.text
    assert [violation["field"] for violation in violations(answer)] == [field]


def test_a_wrong_data_value_is_refused_in_the_words_of_the_error_page(sender: Sender):
    error = sender.send({"token": "t", "data": {"a": 12}}).json()["error"]
    why = "Invalid value at 'message.data[0].value' (TYPE_STRING), 12"
    assert error == {
        "code": 400,
        "message": why,
        "status": "INVALID_ARGUMENT",
        "details": [
            {
                "@type": "type.googleapis.com/google.rpc.BadRequest",
                "fieldViolations": [{"field": "message.data[0].value", "description": why}],
            }
        ],
    }


def test_a_refusal_by_fcm_itself_carries_its_error_code(sender: Sender):
    error = sender.send({"notification": {"title": "x"}}).json()["error"]
    assert error["message"] == "Recipient of the message is not set."
    assert {
        "@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError",
        "errorCode": "INVALID_ARGUMENT",
    } in error["details"]


@pytest.mark.parametrize(
    ("target", "size", "status"),
    [("token", 4096, 200), ("token", 4097, 400), ("topic", 2048, 200), ("topic", 2049, 400)],
)
def test_the_payload_limit_is_exact_and_counts_keys(sender: Sender, target: str, size: int, status: int):
    assert sender.send({target: "t", "data": {"key": "x" * (size - 3)}}).status_code == status


def test_the_payload_limit_counts_bytes_not_letters(sender: Sender):
    assert sender.send({"token": "t", "notification": {"body": "é" * 2045}}).status_code == 200
    assert sender.send({"token": "t", "notification": {"body": "é" * 2047}}).status_code == 400


def test_the_limit_applies_to_each_platform_separately(sender: Sender):
    part = {"data": {"k": "x" * 3000}}
    assert sender.send({"token": "t", "android": part, "webpush": part}).status_code == 200
    assert sender.send({"token": "t", "data": {"k": "x" * 2000}, "android": part}).status_code == 400


def test_json_names_are_taken_as_well_as_proto_names(sandbox: Sandbox, sender: Sender):
    sandbox.clear()
    message = {"token": "t", "android": {"collapseKey": "k", "directBootOk": True}, "fcmOptions": {}}
    assert sender.send(message).status_code == 200
    assert sandbox.messages()[0]["message"] == message
    label = {"token": "t", "fcmOptions": {"analyticsLabel": "!"}}
    assert sender.send(label).status_code == 400
    checked = sender.post({"validateOnly": True, "message": {"token": "t"}})
    assert checked.json()["name"].endswith("/fake_message_id")
    assert len(sandbox.messages()) == 1


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff", b"[" * 100_000, b"{}"])
def test_a_body_that_is_not_a_request_is_refused(sender: Sender, body: bytes):
    answer = sender.post(body)
    assert answer.status_code == 400
    assert answer.json()["error"]["status"] == "INVALID_ARGUMENT"


def test_a_lone_surrogate_is_answered_and_does_not_break_the_log(sandbox: Sandbox, sender: Sender):
    sandbox.clear()
    assert sender.post(b'{"message":{"token":"t","data":{"a":"\\ud800"}}}').status_code == 200
    assert sender.post(b'{"message":{"token":"t","data":{"a":["\\ud800"]}}}').status_code == 400
    assert [entry["message"]["data"] for entry in sandbox.messages()] == [{"a": "\ud800"}]


def test_a_request_beyond_the_size_limit_is_refused(sandbox: Sandbox, sender: Sender):
    sandbox.clear()
    answer = sender.post(b'{"message":{"token":"t"}' + b" " * 1024 * 1024 + b"}")
    assert answer.status_code == 400
    assert "payload size exceeds the limit" in answer.json()["error"]["message"]
    assert sandbox.messages() == []


def test_another_project_is_forbidden(sandbox: Sandbox, sender: Sender):
    sandbox.clear()
    answer = sender.post({"message": {"token": "t"}}, project="somebody-else")
    assert answer.status_code == 403
    assert answer.json()["error"]["status"] == "PERMISSION_DENIED"
    assert sandbox.messages() == []


def test_a_path_that_fcm_does_not_have_is_not_found(sender: Sender):
    assert sender.client.post("/batch").status_code == 404
    assert sender.client.get(f"/v1/projects/{sender.sandbox.project}/messages:send").status_code == 404


def test_messages_are_numbered_and_named_apart(sandbox: Sandbox, sender: Sender):
    sandbox.clear()
    for n in range(20):
        sender.send({"token": f"t{n}"})
    kept = sandbox.messages()
    assert [entry["target"] for entry in kept] == [f"t{n}" for n in range(20)]
    first = kept[0]["seq"]
    assert [entry["seq"] for entry in kept] == list(range(first, first + 20))
    assert len({entry["name"] for entry in kept}) == 20
    assert list(kept[0]) == ["seq", "accepted_at", "project", "target_kind", "target", "message", "name"]


def test_requests_are_counted_by_kind(sandbox: Sandbox, sender: Sender):
    before = sandbox.requests()
    sender.send({"token": "t"})
    sender.send({"token": "t", "bogus": 1})
    sender.post({"message": {"token": "t"}, "validate_only": True})
    after = sandbox.requests()
    assert {kind: after[kind] - before[kind] for kind in after} == {"token": 0, "send": 2, "validate": 1}


def test_http2_is_negotiated_and_http1_is_served_too(sandbox: Sandbox):
    for http2, version in ((True, "HTTP/2"), (False, "HTTP/1.1")):
        with Sender(sandbox, http2=http2) as one:
            assert one.send({"token": "t"}).http_version == version
