"""The rules that FCM checks in a message with valid types: targets, reserved keys, sizes,
ranges."""

import json
import re
from dataclasses import dataclass
from typing import Any, cast

from rekindle.sandbox.replies import Reply, invalid
from rekindle.sandbox.shape import DURATION, TARGETS, Violations, check_shape

PAYLOAD_BYTES = 4096
TOPIC_PAYLOAD_BYTES = 2048
MAX_TTL_SECONDS = 2_419_200
_GENERAL = "Request contains an invalid argument."
_TOPIC = re.compile(r"[a-zA-Z0-9\-_.~%]+", re.ASCII)
_LABEL = re.compile(r"[a-zA-Z0-9\-_.~%]{1,50}", re.ASCII)
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}", re.ASCII)
_WEBPUSH_TOPIC = re.compile(r"[A-Za-z0-9_\-]{1,32}", re.ASCII)

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Request:
    """A send that FCM would accept."""

    target_kind: str
    target: str
    message: Json
    validate_only: bool


def read_request(body: bytes) -> Request | Reply:
    """The request in `body`, or the 400 that FCM would answer."""
    try:
        root: Any = json.loads(body)
    except (ValueError, RecursionError):
        return invalid("Invalid JSON payload received. Unexpected token.", fcm=False)
    found: Violations = []
    check_shape(root, "", found)
    if found:
        return invalid("\n".join(why for _, why in found), found, fcm=False)
    message = cast("Json", root.get("message") or {})
    kinds = [kind for kind in TARGETS if message.get(kind)]
    if len(kinds) != 1:
        why = "Recipient of the message is not set."
        return invalid(why, [("message", why)], fcm=True)
    kind = kinds[0]
    _check_rules(message, found)
    if found:
        return invalid(found[0][1] if len(found) == 1 else _GENERAL, found, fcm=True)
    limit = TOPIC_PAYLOAD_BYTES if kind in ("topic", "condition") else PAYLOAD_BYTES
    # The payload is never larger than its request, so most requests need no counting.
    if len(body) > limit and payload_bytes(message) > limit:
        too_large = f"Message is too large. The maximum is {limit // 1024}K ({limit} bytes)."
        return invalid(too_large, fcm=True)
    validate_only = bool(root.get("validate_only") or root.get("validateOnly"))
    return Request(kind, cast("str", message[kind]), message, validate_only)


def payload_bytes(message: Json) -> int:
    """The largest payload of this message on any platform: keys and values, in UTF-8 bytes."""
    common = _bytes(message.get("data")) + _bytes(message.get("notification"))
    android, webpush, apns = (_part(message, name) for name in ("android", "webpush", "apns"))
    return common + max(
        _bytes(android.get("data")) + _bytes(android.get("notification")),
        _bytes(webpush.get("data")) + _bytes(webpush.get("notification")),
        _bytes(apns.get("payload")),
    )


def _bytes(value: Any) -> int:
    if isinstance(value, str):
        return len(value.encode(errors="surrogatepass"))
    if isinstance(value, dict):
        return sum(_bytes(key) + _bytes(entry) for key, entry in cast("Json", value).items())
    if isinstance(value, list):
        return sum(_bytes(entry) for entry in cast("list[Any]", value))
    return 0 if value is None else len(json.dumps(value))


def _part(message: Json, *names: str) -> Json:
    """A nested object, under any of its names; empty if there is none."""
    for name in names:
        part: Any = message.get(name)
        if isinstance(part, dict):
            return cast("Json", part)
    return {}


def _either(part: Json, name: str) -> Any:
    """A field under its proto name or its JSON name."""
    if name in part:
        return part[name]
    head, *tail = name.split("_")
    return part.get(head + "".join(word.capitalize() for word in tail))


def _check_rules(message: Json, found: Violations) -> None:
    topic = message.get("topic")
    if topic and not _TOPIC.fullmatch(topic):
        found.append(("message.topic", "Invalid topic name"))
    _check_data_keys(message, "message.data", found)
    _check_label(message, "message", found)
    if android := _part(message, "android"):
        _check_android(android, found)
    if webpush := _part(message, "webpush"):
        _check_webpush(webpush, found)
    if apns := _part(message, "apns"):
        _check_apns(apns, found)


def _check_data_keys(part: Json, path: str, found: Violations) -> None:
    # Google's pages differ about the reserved keys; reject every key that any page names.
    found.extend(
        (path, f"Invalid data payload key: {key}")
        for key in _part(part, "data")
        if key in ("from", "message_type") or key.startswith(("google", "gcm"))
    )


def _check_label(part: Json, path: str, found: Violations) -> None:
    label = _either(_part(part, "fcm_options", "fcmOptions"), "analytics_label")
    if label is not None and not _LABEL.fullmatch(label):
        found.append((f"{path}.fcm_options.analytics_label", "Invalid analytics label"))


def _check_android(android: Json, found: Violations) -> None:
    path = "message.android"
    _check_data_keys(android, f"{path}.data", found)
    _check_label(android, path, found)
    ttl = android.get("ttl")
    if ttl is not None:
        seconds = float(ttl[:-1])
        if ttl.startswith("-") or not 0 <= seconds <= MAX_TTL_SECONDS:
            found.append((f"{path}.ttl", f"Invalid TTL: it must be between 0 and {MAX_TTL_SECONDS} seconds"))
    notification = _part(android, "notification")
    if not notification:
        return
    path = f"{path}.notification"
    colour = notification.get("color")
    if colour is not None and not _COLOUR.fullmatch(colour):
        found.append((f"{path}.color", "Invalid color: it must have the form #RRGGBB"))
    for which in ("title", "body"):
        if _either(notification, f"{which}_loc_args") and not _either(notification, f"{which}_loc_key"):
            found.append((f"{path}.{which}_loc_args", f"{which}_loc_key is required when {which}_loc_args is set"))
    timings: list[str] = _either(notification, "vibrate_timings") or []
    found.extend(
        (f"{path}.vibrate_timings[{place}]", "A vibrate timing must not be negative")
        for place, timing in enumerate(timings)
        if DURATION.fullmatch(timing) and timing.startswith("-")
    )


def _check_webpush(webpush: Json, found: Violations) -> None:
    path = "message.webpush"
    _check_label(webpush, path, found)
    headers = {name.lower(): value for name, value in _part(webpush, "headers").items()}
    topic, urgency = headers.get("topic"), headers.get("urgency")
    if topic is not None and not _WEBPUSH_TOPIC.fullmatch(topic):
        found.append((f"{path}.headers", "Topic must be at most 32 characters of the base64url alphabet"))
    if urgency is not None and urgency not in ("very-low", "low", "normal", "high"):
        found.append((f"{path}.headers", "Urgency must be one of very-low, low, normal, high"))
    link = _part(webpush, "fcm_options", "fcmOptions").get("link")
    if link and not link.startswith("https://"):
        found.append((f"{path}.fcm_options.link", "The link must be an HTTPS URL"))
    direction = _part(webpush, "notification").get("dir")
    if direction is not None and direction not in ("auto", "ltr", "rtl"):
        found.append((f"{path}.notification.dir", "dir must be one of auto, ltr, rtl"))


def _check_apns(apns: Json, found: Violations) -> None:
    path = "message.apns"
    _check_label(apns, path, found)
    headers = {name.lower(): value for name, value in _part(apns, "headers").items()}
    if len(headers.get("apns-collapse-id", "").encode(errors="surrogatepass")) > 64:
        found.append((f"{path}.headers", "apns-collapse-id must not be longer than 64 bytes"))
    if headers.get("apns-priority", "10") not in ("1", "5", "10"):
        found.append((f"{path}.headers", "apns-priority must be 1, 5 or 10"))
    if not re.fullmatch(r"\d{1,12}", headers.get("apns-expiration", "0")):
        found.append((f"{path}.headers", "apns-expiration must be seconds since 1970 UTC"))
    aps = _part(_part(apns, "payload"), "aps")
    volume = _part(aps, "sound").get("volume")
    if volume is not None and (type(volume) not in (int, float) or not 0 <= volume <= 1):
        found.append((f"{path}.payload.aps.sound.volume", "The volume must be between 0 and 1"))
    alert = _part(aps, "alert")
    for which in ("", "title-", "subtitle-"):
        if alert.get(f"{which}loc-args") and not alert.get(f"{which}loc-key"):
            found.append((f"{path}.payload.aps.alert", f"{which}loc-key is required with {which}loc-args"))
