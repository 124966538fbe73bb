"""Cron lines and time zones: which instants a line names, where. Pure: the time comes from the
caller."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice, pairwise
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError
from pydantic import AfterValidator

FIELDS = 5

_ZONES = re.compile(
    r"(?!posix/|right/)[A-Za-z]+(/[A-Za-z_-]+){1,2}|Etc/GMT(0|[+-][0-9]|[+-]1[0-2]|-1[34])|GMT(0|[+-]0)"
    r"|EST5EDT|CST6CDT|MST7MDT|PST8PDT|(?!(CET|EET|MET|WET)$)[A-Z][A-Za-z-]+"
)


def _is_a_zone(value: str) -> str:
    # As rekindle.is_zone() in the database, so that both agree. Python alone would also take the
    # zone of this machine (localtime), leap seconds (right/UTC), and CET, which Postgres reads as
    # winter time all year.
    if _ZONES.fullmatch(value) is not None:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            pass
        else:
            return value
    raise ValueError("is not a time zone such as Europe/Oslo")


Zone = Annotated[str, AfterValidator(_is_a_zone)]
"""The name of a time zone."""


def valid_cron(line: str) -> str:
    """The line with single blanks between its fields.

    Raises:
        ValueError: it is not a cron line of five fields, or it never fires.
    """
    normal = " ".join(line.split())
    if len(normal.split()) != FIELDS:
        raise ValueError("is not a cron line; write five fields, such as '7 9 * * *'")
    if not _fires(normal):
        minute, hour, day, _, weekday = normal.split()
        if _fires(f"{minute} {hour} {day} * {weekday}"):
            raise ValueError("never fires: no month that it names has such a day")
        raise ValueError("is not a cron line; write five fields, such as '7 9 * * *'")
    return normal


def _fires(line: str) -> bool:
    try:
        next(CronSim(line, datetime(2024, 1, 1, tzinfo=UTC)))
    except (CronSimError, StopIteration):
        return False
    return True


def shortest_interval(line: str) -> int:
    """The shortest time between two instants that the line names, in seconds, where the clock never
    changes. It compares the next 200 instants."""
    instants = islice(CronSim(line, datetime(2026, 1, 1, tzinfo=UTC)), 200)
    return min(int((after - before).total_seconds()) for before, after in pairwise(instants))


def instants_before(line: str, timezone: str, before: datetime) -> Iterator[datetime]:
    """The instants that the line names before `before`, newest first, in UTC.

    On the days when the clock changes it follows Debian's cron. A line with a fixed hour fires
    once: a time that the clock skips becomes the next one that exists, and a time that comes twice
    counts the first time. A line whose minute or hour begins with `*` follows the clock instead.
    `before` is exclusive and has a time zone.
    """
    local = before.astimezone(ZoneInfo(timezone))
    return (instant.astimezone(UTC) for instant in CronSim(line, local, reverse=True))


def next_instant(line: str, timezone: str, after: datetime) -> datetime:
    """The first instant after `after` that the line names, in UTC."""
    return next(CronSim(line, after.astimezone(ZoneInfo(timezone)))).astimezone(UTC)


_NAMES = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def in_words(line: str) -> str:
    """A cron line in words, such as "Every day at 09:07". A line that is not as simple as that is
    quoted."""
    minute, hour, day, month, weekday = line.split()
    every = minute.removeprefix("*/")
    if (hour, day, month, weekday) == ("*", "*", "*", "*"):
        if minute == "*":
            return "Every minute"
        if minute != every and every.isdigit() and 60 % int(every) == 0:
            return f"Every {every} minutes"
        if minute.isdigit():
            return f"Every hour at minute {int(minute)}"
    if minute.isdigit() and all(one.isdigit() for one in hour.split(",")) and month == "*":
        at = " and ".join(f"{int(one):02}:{int(minute):02}" for one in hour.split(","))
        if (day, weekday) == ("*", "*"):
            return f"Every day at {at}"
        if day == "*" and all(one.isdigit() for one in weekday.split(",")):
            return f"Every {' and '.join(_NAMES[int(one)] for one in weekday.split(','))} at {at}"
        if weekday == "*" and day.isdigit():
            return f"On day {int(day)} of each month at {at}"
    return f"By the schedule {line}"
