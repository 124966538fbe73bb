"""The wire form of a message."""

import json
import uuid

import pytest

from contract.fcm_cases import MESSAGES
from contract.fcm_server import message
from rekindle.dispatchers.fcm.message import Unsendable, wire
from rekindle.model import AndroidOptions, ApnsOptions, Options, WebpushOptions
from rekindle.payload import MAX_PAYLOAD_BYTES, payload_bytes

CASES = {case["id"]: case for case in MESSAGES}
CLAIM = uuid.UUID("0b8f3f3c-55a2-4f2c-9d0e-6f5f2f6b9a01")


def test_a_message_has_the_form_that_fcm_takes_with_one_replacement_key_on_every_platform():
    sent = message(claim_id=CLAIM, target="t", title="Hei, Åse", body="14 dager", data={"chapter": "Oslo"},
                   link="https://example.org/a", web_link="https://example.org/a", ttl_seconds=3_600)  # fmt: skip
    assert json.loads(wire(sent, now=1_000_000.7)) == {
        "message": {
            "token": "t",
            "notification": {"title": "Hei, Åse", "body": "14 dager"},
            "data": {
                "chapter": "Oslo",
                "claim_id": str(CLAIM),
                "idempotency_key": "5d" * 32,
                "scenario_type": "inactivity",
                "link": "https://example.org/a",
            },
            "android": {"priority": "high", "ttl": "3600s", "notification": {"tag": str(CLAIM)}},
            "apns": {
                "headers": {"apns-collapse-id": str(CLAIM), "apns-expiration": "1003600"},
                "payload": {"aps": {"sound": "default"}},
            },
            "webpush": {
                "headers": {"TTL": "3600"},
                "notification": {"tag": str(CLAIM), "renotify": False},
                "fcm_options": {"link": "https://example.org/a"},
            },
        }
    }


OPTIONS = Options(
    AndroidOptions("nudges", "normal", "chime", icon="ic_bell", color="#1a6b4f", click_action="OPEN_VISIT"),
    ApnsOptions(None, 0, "time-sensitive", "nudge", "chapter", mutable_content=True),
    WebpushOptions(icon="https://example.org/icon.png", badge="https://example.org/badge.png"),
    analytics_label="nudge",
)


def test_each_platform_gets_its_options_in_its_own_words():
    sent = json.loads(wire(message(claim_id=CLAIM, options=OPTIONS)))["message"]
    assert sent["android"] == {
        "priority": "normal",
        "notification": {
            "tag": str(CLAIM),
            "channel_id": "nudges",
            "sound": "chime",
            "icon": "ic_bell",
            "color": "#1a6b4f",
            "click_action": "OPEN_VISIT",
        },
    }
    assert sent["fcm_options"] == {"analytics_label": "nudge"}
    assert sent["apns"]["payload"] == {
        "aps": {"badge": 0, "interruption-level": "time-sensitive", "category": "nudge", "thread-id": "chapter"}
        | {"mutable-content": 1}
    }
    assert sent["webpush"] == {
        "notification": {
            "tag": str(CLAIM),
            "renotify": False,
            "icon": "https://example.org/icon.png",
            "badge": "https://example.org/badge.png",
        }
    }


def test_an_image_is_shown_by_each_platform_and_fetched_by_the_app_on_ios():
    sent = json.loads(wire(message(image="https://example.org/a.png")))["message"]
    assert sent["notification"]["image"] == "https://example.org/a.png"
    assert sent["apns"]["fcm_options"] == {"image": "https://example.org/a.png"}
    assert sent["apns"]["payload"]["aps"]["mutable-content"] == 1


def test_a_subtitle_is_only_for_ios_beside_the_title_and_the_body():
    sent = json.loads(wire(message(title="t", body="b", subtitle="s")))["message"]
    assert sent["notification"] == {"title": "t", "body": "b"}
    assert sent["apns"]["payload"]["aps"]["alert"] == {"title": "t", "subtitle": "s", "body": "b"}


def test_a_browser_gets_its_own_link_and_a_phone_the_link_of_the_app():
    sent = json.loads(wire(message(link="myapp://a", web_link="https://example.org/a")))["message"]
    assert sent["data"]["link"] == "myapp://a"
    assert sent["webpush"]["fcm_options"] == {"link": "https://example.org/a"}
    assert "fcm_options" not in json.loads(wire(message(link="myapp://a")))["message"]["webpush"]


def test_a_push_that_is_data_only_has_nothing_that_a_platform_shows():
    sent = message(claim_id=CLAIM, title="t", body="b", subtitle="s", data={"a": "b"}, ttl_seconds=60,
                   options=Options(AndroidOptions(priority="normal"), data_only=True))  # fmt: skip
    document = json.loads(wire(sent, now=1_000_000.0))["message"]
    assert "notification" not in document
    assert document["data"].items() >= {"a": "b", "title": "t", "body": "b", "subtitle": "s"}.items()
    assert document["android"] == {"priority": "normal", "ttl": "60s"}
    assert document["apns"] == {
        "headers": {
            "apns-collapse-id": str(CLAIM),
            "apns-push-type": "background",
            "apns-priority": "5",
            "apns-expiration": "1000060",
        },
        "payload": {"aps": {"content-available": 1}},
    }
    assert document["webpush"] == {"headers": {"TTL": "60"}}


@pytest.mark.parametrize(
    ("options", "size"),
    [
        (Options(), 0),
        (Options(android=AndroidOptions(sound="chime")), 10),
        (Options(apns=ApnsOptions(badge=12)), 7),
        (Options(apns=ApnsOptions(sound=None)), 0),
        (Options(AndroidOptions(channel_id="x" * 20), webpush=WebpushOptions(icon="https://a.example/i")), 30),
        (Options(AndroidOptions(channel_id="x" * 5), webpush=WebpushOptions(icon="https://a.example/i")), 23),
    ],
)
def test_a_payload_is_that_of_the_platform_with_the_longest_options(options, size):
    assert payload_bytes(message(options=options)) - payload_bytes(message()) == size


@pytest.mark.parametrize(
    ("parts", "size"),
    [
        ({"image": "https://a.example/i"}, 19),
        ({"subtitle": "sss"}, 3 + len("title") + len("body")),
        ({"options": Options(data_only=True)}, len("title") + len("body")),
        ({"options": Options(data_only=True), "subtitle": "sss"}, len("titlebodysubtitle") + 3),
    ],
)
def test_every_part_counts_in_the_size_of_a_payload(parts, size):
    assert (
        payload_bytes(message(title="title", body="body", **parts)) - payload_bytes(message(title="title", body="body"))
        == size
    )


def test_options_that_a_message_does_not_set_are_left_out():
    document = json.loads(wire(message()))
    assert document.keys() == {"message"}
    sent = document["message"]
    assert "ttl" not in sent["android"]
    assert sent["apns"]["headers"].keys() == {"apns-collapse-id"}
    assert sent["webpush"].keys() == {"notification"}
    assert "link" not in sent["data"]


@pytest.mark.parametrize("kind", ["token", "fid"])
def test_the_target_is_the_only_one_and_of_its_kind(kind):
    case = CASES[f"target_{kind}"]
    sent = json.loads(wire(message(target_kind=kind, target=case["input"][kind])))["message"]
    assert {key: sent[key] for key in ("token", "fid", "topic", "condition") if key in sent} == case["wire"]


@pytest.mark.parametrize("case", [CASES["ttl_123"], CASES["ttl_86500"]], ids=["123", "86500"])
def test_the_time_to_live_has_the_form_of_the_official_clients(case):
    sent = json.loads(wire(message(ttl_seconds=case["input"]["android"]["ttl_seconds"])))["message"]
    assert sent["android"]["ttl"] == case["wire"]["android"]["ttl"]


def test_a_time_to_live_of_zero_means_now_or_never_on_each_platform():
    sent = json.loads(wire(message(ttl_seconds=0), now=1_000_000.0))["message"]
    assert sent["android"]["ttl"] == "0s"
    assert sent["apns"]["headers"]["apns-expiration"] == "0"
    assert sent["webpush"]["headers"] == {"TTL": "0"}


def test_only_a_validation_asks_for_validation():
    assert json.loads(wire(message(), validate_only=True))["validate_only"] is CASES["dry_run"]["wire"]["validate_only"]


def test_the_names_that_rekindle_gives_cannot_be_overwritten_by_a_scenario():
    sent = json.loads(
        wire(message(claim_id=CLAIM, data={"claim_id": "forged", "link": "own"}, link="https://a.example"))
    )
    assert sent["message"]["data"]["claim_id"] == str(CLAIM)
    assert sent["message"]["data"]["link"] == "own"


def test_the_collapse_id_fits_what_apple_takes():
    sent = json.loads(wire(message()))["message"]
    assert len(sent["apns"]["headers"]["apns-collapse-id"].encode()) <= 64


@pytest.mark.parametrize("letter", ["a", "å", "😀"])
def test_a_payload_is_measured_in_bytes_and_may_be_exactly_as_large_as_fcm_allows(letter):
    empty = message(title="", body="")
    used = sum(len(part) for pair in json.loads(wire(empty))["message"]["data"].items() for part in pair)
    room = MAX_PAYLOAD_BYTES - used
    size = len(letter.encode())
    body = letter * (room // size) + "x" * (room % size)
    wire(message(title="", body=body))
    with pytest.raises(Unsendable) as too_large:
        wire(message(title="", body=body + "x"))
    assert too_large.value.reason == "too_large"
    with pytest.raises(Unsendable):
        wire(message(title="", body=body[:-1], data={"kk": "v" * size}))


@pytest.mark.parametrize("where", ["title", "body", "target", "link"])
def test_a_text_that_is_not_valid_unicode_is_named_without_being_quoted(where):
    with pytest.raises(Unsendable, match=r"^not_encodable$") as unsendable:
        wire(message(**{where: "secret-canary \ud800"}))
    assert unsendable.value.reason == "not_encodable"
    assert unsendable.value.__cause__ is None
