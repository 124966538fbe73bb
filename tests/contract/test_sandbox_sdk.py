"""The official SDK, unchanged, sends through the sandbox: an independent check of what the sandbox
speaks.

It runs in a separate process, because it takes its trust roots from the environment and keeps
global state.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from rekindle.sandbox import Sandbox

PROLOGUE = """
import asyncio, datetime, json, sys
import firebase_admin
from firebase_admin import credentials, exceptions, messaging

url, account = sys.argv[1:]
messaging._MessagingService.FCM_URL = url + "/v1/projects/{0}/messages:send"
app = firebase_admin.initialize_app(credentials.Certificate(account))

def message(n):
    return messaging.Message(
        token=f"token-{n}",
        data={"claim_id": str(n)},
        notification=messaging.Notification(title="We miss you", body="Come back"),
        android=messaging.AndroidConfig(
            collapse_key="k", priority="high", ttl=datetime.timedelta(hours=1, milliseconds=500),
            notification=messaging.AndroidNotification(
                tag="t", color="#112233", priority="high", visibility="private",
                vibrate_timings_millis=[100, 50], event_timestamp=datetime.datetime(2026, 1, 1),
                light_settings=messaging.LightSettings("#aabbcc", 100, 200), proxy="deny",
                body_loc_key="b", body_loc_args=["x"], notification_count=3)),
        apns=messaging.APNSConfig(
            headers={"apns-collapse-id": "c", "apns-priority": "10"},
            payload=messaging.APNSPayload(messaging.Aps(
                badge=1, thread_id="t", mutable_content=True,
                sound=messaging.CriticalSound("default", critical=True, volume=0.5)))),
        webpush=messaging.WebpushConfig(
            headers={"Topic": "abc", "Urgency": "high"},
            notification=messaging.WebpushNotification(title="x", direction="ltr", tag="t"),
            fcm_options=messaging.WebpushFCMOptions(link="https://example.org/")),
        fcm_options=messaging.FCMOptions(analytics_label="label"),
    )
"""


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    with Sandbox() as one:
        yield one


@pytest.fixture
def sandbox(running: Sandbox) -> Sandbox:
    running.faults([])
    running.clear()
    return running


def run_sdk(sandbox: Sandbox, script: str) -> object:
    """The last line that the script printed, as JSON."""
    done = subprocess.run(
        [sys.executable, "-c", PROLOGUE + script, sandbox.url, str(sandbox.credentials)],
        env=os.environ | {"REQUESTS_CA_BUNDLE": str(sandbox.ca), "SSL_CERT_FILE": str(sandbox.ca)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_sdk_sends_one_message(sandbox: Sandbox):
    name = run_sdk(sandbox, "print(json.dumps(messaging.send(message(1))))")
    (kept,) = sandbox.messages()
    assert (kept["name"], kept["target"]) == (name, "token-1")
    assert kept["message"]["android"]["ttl"] == "3600.500000000s"
    assert kept["message"]["android"]["notification"]["notification_priority"] == "PRIORITY_HIGH"


def test_the_sdk_sends_many_messages(sandbox: Sandbox):
    script = """
batch = messaging.send_each([message(n) for n in range(40)])
print(json.dumps([one.message_id for one in batch.responses]))
"""
    names = run_sdk(sandbox, script)
    kept = {message["target"]: message["name"] for message in sandbox.messages()}
    assert [kept[f"token-{n}"] for n in range(40)] == names


def test_the_sdk_sends_many_messages_asynchronously_over_http2(sandbox: Sandbox):
    script = """
batch = asyncio.run(messaging.send_each_async([message(n) for n in range(40)]))
print(json.dumps([one.message_id for one in batch.responses]))
"""
    names = run_sdk(sandbox, script)
    kept = {message["target"]: message["name"] for message in sandbox.messages()}
    assert [kept[f"token-{n}"] for n in range(40)] == names


def test_the_sdk_dry_run_is_not_logged(sandbox: Sandbox):
    name = run_sdk(sandbox, "print(json.dumps(messaging.send(message(1), dry_run=True)))")
    assert name == f"projects/{sandbox.project}/messages/fake_message_id"
    assert sandbox.messages() == []


def test_the_sdk_understands_rejections_as_it_does_those_of_fcm(sandbox: Sandbox):
    unregistered = {
        "error": {
            "code": 404,
            "message": "Requested entity was not found.",
            "status": "NOT_FOUND",
            "details": [
                {
                    "@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError",
                    "errorCode": "UNREGISTERED",
                }
            ],
        }
    }
    sandbox.faults([{"match": {"target": "token-1"}, "respond": {"status": 404, "body": unregistered}}])
    script = """
too_large = messaging.Message(token="x", data={"k": "v" * 4096})
batch = messaging.send_each([message(1), message(2), too_large])
print(json.dumps([type(one.exception).__name__ for one in batch.responses]))
"""
    assert run_sdk(sandbox, script) == ["UnregisteredError", "NoneType", "InvalidArgumentError"]
    assert [message["target"] for message in sandbox.messages()] == ["token-2"]
