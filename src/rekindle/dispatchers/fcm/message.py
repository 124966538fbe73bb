"""A message as JSON for FCM HTTP v1, or the reason why that is not possible."""

import json
import time
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
    claim, options = str(message.claim_id), message.options
    android: dict[str, Any] = {
        "priority": options.android.priority,
        "notification": {"tag": claim, **_said(channel_id=options.android.channel_id, sound=options.android.sound)},
    }
    aps = {
        "sound": options.apns.sound,
        "badge": options.apns.badge,
        "interruption-level": options.apns.interruption_level,
        "category": options.apns.category,
        "thread-id": options.apns.thread_id,
    }
    apns_headers = {"apns-collapse-id": claim}
    webpush: dict[str, Any] = {
        "notification": {
            "tag": claim,
            "renotify": False,
            **_said(icon=options.webpush.icon, badge=options.webpush.badge),
        }
    }
    if message.ttl_seconds is not None:
        android["ttl"] = f"{message.ttl_seconds}s"
        # For Apple, 0 means "deliver now or never"; any other value is a time.
        expires_at = int(now) + message.ttl_seconds if message.ttl_seconds else 0
        apns_headers["apns-expiration"] = str(expires_at)
        webpush["headers"] = {"TTL": str(message.ttl_seconds)}
    if message.link is not None:
        webpush["fcm_options"] = {"link": message.link}
    return {
        message.target_kind: message.target,
        "notification": {"title": message.title, "body": message.body},
        "data": payload(message),
        "android": android,
        "apns": {"headers": apns_headers, "payload": {"aps": _said(**aps)}},
        "webpush": webpush,
    }


def _said(**values: str | int | None) -> dict[str, str | int]:
    return {name: value for name, value in values.items() if value is not None}
