"""The part of a message that reaches the device, and its size."""

from collections.abc import Iterable
from dataclasses import fields
from functools import lru_cache

from rekindle.model import AndroidOptions, ApnsOptions, Message, Options, WebpushOptions

MAX_PAYLOAD_BYTES = 4_096  # FCM: title, body, and the keys and values of data, in UTF-8


def payload(message: Message) -> dict[str, str]:
    """The data that the app gets: the scenario's own, and the keys that Rekindle adds."""
    data = {
        **message.data,
        "claim_id": str(message.claim_id),
        "idempotency_key": message.idempotency_key,
        "scenario_type": message.scenario_type,
    }
    if message.link is not None:
        data.setdefault("link", message.link)  # phones get the link here; only browsers have a field for it
    if message.options.data_only:
        texts = {"title": message.title, "body": message.body, "subtitle": message.subtitle}
        data |= {name: text for name, text in texts.items() if text is not None}
    return data


def payload_bytes(message: Message) -> int:
    """How much of FCM's 4,096 bytes a message uses on the platform where it is largest.

    Raises:
        UnicodeEncodeError: a text is not valid Unicode.
    """
    data = payload(message)
    size = _bytes((*data.keys(), *data.values()))
    if message.options.data_only:
        return size
    size += _bytes((message.title, message.body, message.image or "")) + _most(message.options)
    if message.subtitle is not None:  # for iOS: beside a subtitle, the other texts are sent once more
        size += _bytes((message.title, message.body, message.subtitle))
    return size


@lru_cache(maxsize=1_024)
def _most(options: Options) -> int:
    """The bytes of the options of the platform that has most. Options that every message has are
    not counted."""
    platforms = (
        (options.android, AndroidOptions()),
        (options.apns, ApnsOptions()),
        (options.webpush, WebpushOptions()),
    )
    return max(
        sum(
            _bytes((one.name, str(value)))
            for one in fields(said)
            if (value := getattr(said, one.name)) not in (None, getattr(usual, one.name))
        )
        for said, usual in platforms
    )


def _bytes(texts: Iterable[str]) -> int:
    return sum(len(text.encode()) for text in texts)
