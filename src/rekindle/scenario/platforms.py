"""How each platform shows a push: the few FCM options that app developers ask for."""

import re
from collections.abc import Iterator
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from rekindle import model
from rekindle.scenario.reach import Strict

MAX_NAME_CHARS = 200
MAX_URL_CHARS = 1_000


def _https(url: str) -> str:
    try:
        parts = urlsplit(url)
        right = parts.scheme == "https" and bool(parts.hostname) and parts.username is None and url.isprintable()
    except ValueError:
        right = False
    if not right or set(url) & set(" {}"):  # no value is filled in here
        raise ValueError("is not the address of a picture, such as https://example.org/icon.png")
    return url


def _colour(text: str) -> str:
    if re.fullmatch("#[0-9A-Fa-f]{6}", text) is None:
        raise ValueError("is not a colour, such as #1a6b4f")
    return text


def _printable(name: str) -> str:
    if not name.isprintable() or name != name.strip():
        raise ValueError("has spaces around it or characters that cannot be printed")
    return name


Name = Annotated[str, Field(min_length=1, max_length=MAX_NAME_CHARS), AfterValidator(_printable)]
Colour = Annotated[str, AfterValidator(_colour)]
Picture = Annotated[str, Field(max_length=MAX_URL_CHARS), AfterValidator(_https)]


class Android(Strict):
    """How Android shows a push."""

    channel_id: Name | None = None
    priority: Literal["high", "normal"] = "high"
    sound: Name | None = None
    icon: Name | None = None
    color: Colour | None = None
    click_action: Name | None = None


class Apns(Strict):
    """How iOS shows a push."""

    sound: Name = "default"
    badge: int | None = Field(default=None, ge=0, le=99_999)
    interruption_level: Literal["passive", "active", "time-sensitive"] | None = None
    category: Name | None = None
    thread_id: Name | None = None
    mutable_content: bool = False


class Webpush(Strict):
    """How a browser shows a push."""

    icon: Picture | None = None
    badge: Picture | None = None
    link: str | None = None


def shown(android: Android | None, apns: Apns | None, webpush: Webpush | None) -> Iterator[str]:
    """The options that only have an effect on a push that is shown, by their place in the file."""
    for name, said in (("android", android), ("apns", apns), ("webpush", webpush)):
        for key in said.model_fields_set if said else ():
            if key != "priority":
                yield f"{name}.{key}"


def options(
    android: Android | None,
    apns: Apns | None,
    webpush: Webpush | None,
    *,
    data_only: bool = False,
    analytics_label: str | None = None,
) -> model.Options:
    """The options of all platforms, as a message carries them."""
    said_apns = apns.model_dump() if apns else {}
    if said_apns.get("sound") == "none":
        said_apns["sound"] = None
    return model.Options(
        android=model.AndroidOptions(**(android.model_dump() if android else {})),
        apns=model.ApnsOptions(**said_apns),
        webpush=model.WebpushOptions(**(webpush.model_dump(exclude={"link"}) if webpush else {})),
        data_only=data_only,
        analytics_label=analytics_label,
    )
