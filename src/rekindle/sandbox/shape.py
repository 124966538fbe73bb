"""The JSON structure of FCM's messages: names, types and enums, with the messages of Google's JSON
front end for each error.

A check is a function (value, path, violations). It appends (path, description) and never raises.
Every field has its proto name and its JSON name (`collapse_key`, `collapseKey`), as in protobuf's
JSON mapping; null means unset.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, cast

Violations = list[tuple[str, str]]
Check = Callable[[Any, str, Violations], None]

FCM_TYPES = "type.googleapis.com/google.firebase.fcm.v1."
DURATION = re.compile(r"(-?\d{1,12})(?:\.(\d{1,9}))?s", re.ASCII)
TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)", re.ASCII)


def wrong(value: Any, path: str, type_name: str, found: Violations) -> None:
    """Note that a value does not have the type of its field."""
    found.append((path, f"Invalid value at '{path}' ({type_name}), {json.dumps(value, ensure_ascii=False)}"))


def string(value: Any, path: str, found: Violations) -> None:
    """TYPE_STRING; numbers and booleans are not converted to text."""
    if type(value) is not str:
        wrong(value, path, "TYPE_STRING", found)


def boolean(value: Any, path: str, found: Violations) -> None:
    """TYPE_BOOL."""
    if type(value) is not bool:
        wrong(value, path, "TYPE_BOOL", found)


def int32(value: Any, path: str, found: Violations) -> None:
    """TYPE_INT32, as a number or as its decimal text."""
    number = int(value) if type(value) is str and re.fullmatch(r"-?\d{1,10}", value) else value
    if type(number) is not int or not -(2**31) <= number < 2**31:
        wrong(value, path, "TYPE_INT32", found)


def fraction(value: Any, path: str, found: Violations) -> None:
    """TYPE_FLOAT."""
    if type(value) not in (int, float):
        wrong(value, path, "TYPE_FLOAT", found)


def duration(value: Any, path: str, found: Violations) -> None:
    """Seconds with up to nine decimals and the letter s; FCM itself checks the range."""
    if type(value) is not str or not DURATION.fullmatch(value):
        name = path.rpartition(".")[2]
        why = f"Field '{name}', Illegal duration format; duration must end with 's'"
        found.append((path, f"Invalid value at '{path}' (type.googleapis.com/google.protobuf.Duration), {why}"))


def timestamp(value: Any, path: str, found: Violations) -> None:
    """RFC 3339."""
    if type(value) is not str or not TIMESTAMP.fullmatch(value):
        wrong(value, path, "type.googleapis.com/google.protobuf.Timestamp", found)


def struct(value: Any, path: str, found: Violations) -> None:
    """Any JSON object."""
    if type(value) is not dict:
        wrong(value, path, "type.googleapis.com/google.protobuf.Struct", found)


def strings(value: Any, path: str, found: Violations) -> None:
    """map<string, string>; the n-th entry is named `path[n].value`."""
    if type(value) is not dict:
        wrong(value, path, "Map", found)
        return
    for place, entry in enumerate(cast("dict[str, Any]", value).values()):
        if type(entry) is not str:
            wrong(entry, f"{path}[{place}].value", "TYPE_STRING", found)


def enum(type_name: str, *names: str) -> Check:
    """Checks for one of these names."""

    def check(value: Any, path: str, found: Violations) -> None:
        if value not in names:
            wrong(value, path, FCM_TYPES + type_name, found)

    return check


def repeated(element: Check) -> Check:
    """Checks for a list whose elements pass `element`."""

    def check(value: Any, path: str, found: Violations) -> None:
        if type(value) is not list:
            wrong(value, path, "TYPE_LIST", found)
            return
        for place, entry in enumerate(cast("list[Any]", value)):
            element(entry, f"{path}[{place}]", found)

    return check


def message(fields: Mapping[str, Check], oneof: tuple[str, ...] = ()) -> Check:
    """Checks for a message with only these fields, and at most one of `oneof`."""
    known = dict(fields)
    for name, check in fields.items():
        head, *tail = name.split("_")
        known[head + "".join(part.capitalize() for part in tail)] = check

    def check_message(value: Any, path: str, found: Violations) -> None:
        if type(value) is not dict:
            wrong(value, path, "Message", found)
            return
        chosen = False
        for name, entry in cast("dict[str, Any]", value).items():
            check = known.get(name)
            if check is None:
                place = f" at '{path}'" if path else ""
                why = f'Invalid JSON payload received. Unknown name "{name}"{place}: Cannot find field.'
                found.append((path, why))
            elif entry is not None:
                check(entry, f"{path}.{name}" if path else name, found)
                if name in oneof:
                    if chosen:
                        why = f"oneof field 'target' is already set. Cannot set '{name}'"
                        found.append((path, f"Invalid value at '{path}' (oneof), {why}"))
                    chosen = True

    return check_message


TARGETS = ("token", "fid", "topic", "condition")

_PRIORITIES = ("PRIORITY_UNSPECIFIED", "PRIORITY_MIN", "PRIORITY_LOW", "PRIORITY_DEFAULT", "PRIORITY_HIGH")
_LABELLED = {"analytics_label": string}
_COLOUR = {"red": fraction, "green": fraction, "blue": fraction, "alpha": fraction}
_LIGHT = {"color": message(_COLOUR), "light_on_duration": duration, "light_off_duration": duration}

_ANDROID_NOTIFICATION: dict[str, Check] = {
    **dict.fromkeys(("title", "body", "icon", "color", "sound", "tag", "click_action", "image"), string),
    **dict.fromkeys(("body_loc_key", "title_loc_key", "channel_id", "ticker"), string),
    **dict.fromkeys(("body_loc_args", "title_loc_args"), repeated(string)),
    **dict.fromkeys(("sticky", "local_only", "bypass_proxy_notification"), boolean),
    **dict.fromkeys(("default_sound", "default_vibrate_timings", "default_light_settings"), boolean),
    "event_time": timestamp,
    "notification_priority": enum("AndroidNotification.NotificationPriority", *_PRIORITIES, "PRIORITY_MAX"),
    "vibrate_timings": repeated(duration),
    "visibility": enum("AndroidNotification.Visibility", "VISIBILITY_UNSPECIFIED", "PRIVATE", "PUBLIC", "SECRET"),
    "notification_count": int32,
    "light_settings": message(_LIGHT),
    "proxy": enum("AndroidNotification.Proxy", "PROXY_UNSPECIFIED", "ALLOW", "DENY", "IF_PRIORITY_LOWERED"),
}
_ANDROID: dict[str, Check] = {
    "collapse_key": string,
    # The official SDKs send the lower-case names, and FCM accepts both.
    "priority": enum("AndroidMessagePriority", "NORMAL", "HIGH", "normal", "high"),
    "ttl": duration,
    "restricted_package_name": string,
    "data": strings,
    "notification": message(_ANDROID_NOTIFICATION),
    "fcm_options": message(_LABELLED),
    **dict.fromkeys(("direct_boot_ok", "bandwidth_constrained_ok", "restricted_satellite_ok"), boolean),
}
_WEBPUSH: dict[str, Check] = {
    "headers": strings,
    "data": strings,
    "notification": struct,
    "fcm_options": message({"link": string, **_LABELLED}),
}
_APNS: dict[str, Check] = {
    "headers": strings,
    "payload": struct,
    "fcm_options": message({"image": string, **_LABELLED}),
    "live_activity_token": string,
}
_MESSAGE: dict[str, Check] = {
    "name": string,
    "data": strings,
    "notification": message({"title": string, "body": string, "image": string}),
    "android": message(_ANDROID),
    "webpush": message(_WEBPUSH),
    "apns": message(_APNS),
    "fcm_options": message(_LABELLED),
    **dict.fromkeys(TARGETS, string),
}

check_shape = message({"validate_only": boolean, "message": message(_MESSAGE, TARGETS)})
"""The whole request of `projects.messages.send`."""
