"""A message in the form that FCM HTTP v1 takes, or the reason why it can have none."""

import json
import time
from collections.abc import Iterable
from typing import Any

from rekindle.model import Message

MAX_PAYLOAD_BYTES = 4_096  # FCM: title, body, and the keys and values of data, in UTF-8


class Unsendable(ValueError):
    """This message cannot be given to FCM; `reason` is the stable word for reports. It never holds the text."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


def wire(message: Message, *, validate_only: bool = False, now: float | None = None) -> bytes:
    """The request body for `messages:send`, compact JSON in UTF-8.

    Every copy of one claim carries the same replacement key on each platform (Android tag, APNs collapse id, web
    tag), so that a second copy replaces the first on the device instead of standing beside it. Android's
    `collapse_key` is left alone: FCM keeps only four different ones per device.

    Args:
        message: what to send; its `ttl_seconds`, when given, is 0 to 2,419,200.
        validate_only: ask FCM to check the message and deliver nothing.
        now: seconds since 1970 that the expiry counts from; the present when None.

    Raises:
        Unsendable: `too_large` beyond 4,096 bytes, `not_encodable` when a text is not valid Unicode.
    """
    claim = str(message.claim_id)
    fields = {
        **message.data,
        "claim_id": claim,
        "idempotency_key": message.idempotency_key,
        "scenario_type": message.scenario_type,
    }
    if message.link is not None:
        fields.setdefault("link", message.link)  # phones get the link here; only browsers have a field for it
    try:
        if _bytes_in((message.title, message.body, *fields.keys(), *fields.values())) > MAX_PAYLOAD_BYTES:
            raise Unsendable("too_large")
        document = _document(message, claim, fields, time.time() if now is None else now)
        if validate_only:
            document["validate_only"] = True
        return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        raise Unsendable("not_encodable") from None


def _bytes_in(texts: Iterable[str]) -> int:
    return sum(len(text.encode()) for text in texts)


def _document(message: Message, claim: str, fields: dict[str, str], now: float) -> dict[str, Any]:
    android: dict[str, Any] = {"priority": "high", "notification": {"tag": claim}}
    apns_headers = {"apns-collapse-id": claim}
    webpush: dict[str, Any] = {"notification": {"tag": claim, "renotify": False}}
    if message.ttl_seconds is not None:
        android["ttl"] = f"{message.ttl_seconds}s"
        # Apple's 0 means "now or never"; any other value is an instant.
        expires_at = int(now) + message.ttl_seconds if message.ttl_seconds else 0
        apns_headers["apns-expiration"] = str(expires_at)
        webpush["headers"] = {"TTL": str(message.ttl_seconds)}
    if message.link is not None:
        webpush["fcm_options"] = {"link": message.link}
    return {
        "message": {
            message.target_kind: message.target,
            "notification": {"title": message.title, "body": message.body},
            "data": fields,
            "android": android,
            "apns": {"headers": apns_headers, "payload": {"aps": {"sound": "default"}}},
            "webpush": webpush,
        }
    }
