"""When and how often a person may be reached: the keys of [policy]. A scenario may set each of them
for itself."""

import re
from dataclasses import dataclass
from datetime import time
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)

from rekindle.policy import MAX_DURATION_SECONDS, parse_duration

MAX_CAP_SECONDS = 31 * 86_400
"""The ledger forgets sends that are older than this (rekindle.still_counted)."""

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_CAP = re.compile(r"([1-9][0-9]{0,2}) per ([0-9]+[smhd])")
_HOUR = r"((?:[01][0-9]|2[0-3]):[0-5][0-9])"
_HOURS = re.compile(f"{_HOUR}-{_HOUR}")
_SEND_AT = re.compile(f"{_HOUR}(?:-{_HOUR})?")


class Strict(BaseModel):
    """Unknown keys are refused, no value is converted to another type (true is not 1), and values
    never change."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


@dataclass(frozen=True, slots=True)
class Cap:
    """At most `most` pushes to a person in any window of `seconds`, over all scenarios."""

    most: int
    seconds: int


def _quiet_hours(text: str) -> str:
    match = _HOURS.fullmatch(text)
    if text != "none" and match is None:
        raise ValueError("is not a valid time for quiet hours; write it as 21:00-08:00, or none")
    if match is not None and match[1] == match[2]:
        raise ValueError("begins and ends at the same time")
    return text


def _send_at(text: str) -> str:
    match = _SEND_AT.fullmatch(text)
    if text != "none" and match is None:
        raise ValueError("is not a valid time to send at; write it as 09:00, as 09:00-11:00, or none")
    if match is not None and match[1] == match[2]:
        raise ValueError("begins and ends at the same time")
    return text


def _parse_cap(text: str) -> Cap:
    match = _CAP.fullmatch(text)
    if match is None:
        raise ValueError("is not a valid frequency cap; write it as 3 per 7d")
    cap = Cap(int(match[1]), parse_duration(match[2]))
    if cap.seconds > MAX_CAP_SECONDS:
        raise ValueError("the window is longer than 31 days")
    return cap


def _seconds(value: object) -> object:
    return parse_duration(value) if isinstance(value, str) else value


Seconds = Annotated[int, BeforeValidator(_seconds), Field(gt=0, le=MAX_DURATION_SECONDS)]


class Devices(Strict):
    """Which of a person's devices get a push: at most the `newest`, and only those registered
    within `max_age` seconds. None: all."""

    newest: int | None = Field(default=None, ge=1, le=100)
    max_age: Seconds | None = None


class Reach(Strict):
    """When, how often and where a person may be reached."""

    quiet_hours: Annotated[str, AfterValidator(_quiet_hours)] = "none"
    send_at: Annotated[str, AfterValidator(_send_at)] = "none"
    weekdays: list[Weekday] = Field(default_factory=lambda: list(WEEKDAYS), min_length=1)
    caps: list[str] = Field(default_factory=list, max_length=10)
    devices: Devices = Devices()
    holdout: bool = True

    @field_validator("weekdays")
    @classmethod
    def _in_order(cls, value: list[Weekday]) -> list[Weekday]:
        return sorted(set(value), key=WEEKDAYS.index)

    @field_validator("caps")
    @classmethod
    def _one_for_each_window(cls, value: list[str]) -> list[str]:
        windows = [_parse_cap(text).seconds for text in value]
        if len(set(windows)) != len(windows):
            raise ValueError("two frequency caps have the same window")
        return sorted(value, key=lambda text: _parse_cap(text).seconds)

    @model_validator(mode="after")
    def _not_in_quiet_hours(self) -> Self:
        window, quiet = self.send_window(), self.quiet()
        if window is not None and quiet is not None and is_within(window[0], quiet):
            raise ValueError(f"send_at {self.send_at} begins within the quiet hours {self.quiet_hours}")
        return self

    def quiet(self) -> tuple[time, time] | None:
        """The start and the end of the quiet hours, in the person's local time. If the start is the
        later time, they span midnight."""
        match = _HOURS.fullmatch(self.quiet_hours)
        return None if match is None else (time.fromisoformat(match[1]), time.fromisoformat(match[2]))

    def send_window(self) -> tuple[time, time] | None:
        """The start and the end of the window in which pushes go out, in the person's local time;
        None: at any hour. A single time begins a window of an hour. If the start is the later time,
        the window spans midnight."""
        match = _SEND_AT.fullmatch(self.send_at)
        if match is None:
            return None
        start = time.fromisoformat(match[1])
        return start, time.fromisoformat(match[2]) if match[2] else start.replace(hour=(start.hour + 1) % 24)

    def hourly_keys(self) -> list[str]:
        """The keys that let the hour or the day decide."""
        limits = {
            "quiet_hours": self.quiet() is not None,
            "send_at": self.send_window() is not None,
            "weekdays": bool(self.weekday_numbers()),
        }
        return [key for key, limited in limits.items() if limited]

    def weekday_numbers(self) -> list[int]:
        """The allowed days, 1 Monday to 7 Sunday; empty if every day is allowed."""
        return [] if len(self.weekdays) == len(WEEKDAYS) else [WEEKDAYS.index(day) + 1 for day in self.weekdays]

    def frequency_caps(self) -> list[Cap]:
        """The caps, shortest window first."""
        return [_parse_cap(text) for text in self.caps]


def is_within(wall: time, hours: tuple[time, time]) -> bool:
    """Whether a local time is within hours that may span midnight."""
    begins, ends = hours
    return begins <= wall < ends if begins < ends else not ends <= wall < begins
