"""A message as JSON for FCM HTTP v1, or the reason why that is not possible."""

import json
import time
from dataclasses import asdict
from typing import Any

from rekindle.model import Message
from rekindle.payload import MAX_PAYLOAD_BYTES, payload, payload_bytes


class Unsendable(ValueError):
    """The message cannot be sent through FCM. `reason` is a stable code for reports; it never
    contains the text."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


def wire(message: Message, *, validate_only: bool = False, now: float | None = None) -> bytes:
    """The request body for `messages:send`: `message_json` with the flag `validate_only`, compact
    JSON in UTF-8.

    Args:
        message: what to send.
        validate_only: ask FCM to check the message and deliver nothing.
        now: see `message_json`.

    Raises:
        Unsendable: see `message_json`.
    """
    content = message_json(message, now=now)
    return b'{"message":%b,"validate_only":true}' % content if validate_only else b'{"message":%b}' % content


def message_json(message: Message, *, now: float | None = None) -> bytes:
    """A message in the form of FCM HTTP v1, compact JSON in UTF-8.

    Every copy of one claim has the same replacement key on each platform (Android tag, APNs
    collapse id, web tag), so a second copy replaces the first on the device. Android's
    `collapse_key` is not used: FCM keeps only four different ones per device.

    Args:
        message: what to send. Its `ttl_seconds` is None or from 0 to 2,419,200.
        now: seconds since 1970, from which the expiry counts; None for the current time.

    Raises:
        Unsendable: `too_large` above 4,096 bytes, `not_encodable` if a text is not valid Unicode.
    """
    try:
        if payload_bytes(message) > MAX_PAYLOAD_BYTES:
            raise Unsendable("too_large")
        document = _document(message, time.time() if now is None else now)
        return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        raise Unsendable("not_encodable") from None


def _document(message: Message, now: float) -> dict[str, Any]:
    options = message.options
    document: dict[str, Any] = {
        message.target_kind: message.target,
        "data": payload(message),
        **(_data_only(message) if options.data_only else _shown(message)),
    }
    if options.analytics_label is not None:
        document["fcm_options"] = {"analytics_label": options.analytics_label}
    if message.ttl_seconds is not None:
        document["android"]["ttl"] = f"{message.ttl_seconds}s"
        # For Apple, 0 means "deliver now or never"; any other value is a time.
        expires_at = int(now) + message.ttl_seconds if message.ttl_seconds else 0
        document["apns"]["headers"]["apns-expiration"] = str(expires_at)
        document["webpush"]["headers"] = {"TTL": str(message.ttl_seconds)}
    return document


def _shown(message: Message) -> dict[str, Any]:
    """The parts of a message that each platform shows."""
    claim, options = str(message.claim_id), message.options
    looks = _said(**asdict(options.android))
    apns: dict[str, Any] = {
        "headers": {"apns-collapse-id": claim},
        "payload": {"aps": _aps(message)},
    }
    if message.image is not None:
        apns["fcm_options"] = {"image": message.image}
    webpush: dict[str, Any] = {
        "notification": {"tag": claim, "renotify": False, **_said(**asdict(options.webpush))},
    }
    if message.web_link is not None:
        webpush["fcm_options"] = {"link": message.web_link}
    return {
        "notification": {"title": message.title, "body": message.body, **_said(image=message.image)},
        "android": {"priority": looks.pop("priority"), "notification": {"tag": claim, **looks}},
        "apns": apns,
        "webpush": webpush,
    }


def _aps(message: Message) -> dict[str, Any]:
    """The dictionary that iOS reads."""
    apns = message.options.apns
    aps: dict[str, Any] = _said(
        **{
            "sound": apns.sound,
            "badge": apns.badge,
            "interruption-level": apns.interruption_level,
            "category": apns.category,
            "thread-id": apns.thread_id,
        }
    )
    if apns.mutable_content or message.image is not None:  # an extension of the app must fetch an image
        aps["mutable-content"] = 1
    if message.subtitle is not None:
        # An alert here replaces the one that FCM makes of `notification`, so it has everything.
        aps["alert"] = {"title": message.title, "subtitle": message.subtitle, "body": message.body}
    return aps


def _data_only(message: Message) -> dict[str, Any]:
    """The parts of a message that no platform shows. Apple takes such a push only as one for the
    background, with priority 5."""
    return {
        "android": {"priority": message.options.android.priority},
        "apns": {
            "headers": {
                "apns-collapse-id": str(message.claim_id),
                "apns-push-type": "background",
                "apns-priority": "5",
            },
            "payload": {"aps": {"content-available": 1}},
        },
        "webpush": {},
    }


def _said(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
