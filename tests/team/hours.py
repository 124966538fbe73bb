"""An oracle of the hours at which a person may be reached: it reads the clock of a time zone,
moment by moment."""

from datetime import UTC, datetime, time, timedelta
from functools import cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

NOTHING, MINUTE, HOUR, DAY = timedelta(0), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


class Hours(NamedTuple):
    """When a person may be reached, in local time."""

    zone: str
    quiet: tuple[time, time] | None
    weekdays: list[int]
    send: tuple[time, time] | None = None


def offset(at: datetime, zone: str) -> timedelta:
    return at.astimezone(ZoneInfo(zone)).utcoffset() or NOTHING


@cache
def changes(zone: str, year: int) -> list[datetime]:
    """The moments of a year at which the zone's clock changes; all are on a whole half hour of
    UTC."""
    found: list[datetime] = []
    first = datetime(year, 1, 1, tzinfo=UTC)
    for day in (first + n * DAY for n in range((datetime(year + 1, 1, 1, tzinfo=UTC) - first).days)):
        if offset(day, zone) != offset(day + DAY, zone):
            halves = [day + n * MINUTE * 30 for n in range(1, 49)]
            found += [at for at in halves if offset(at - MINUTE, zone) != offset(at, zone)]
    return found


def is_quiet(at: datetime, hours: Hours) -> bool:
    if hours.quiet is None:
        return False
    begins, ends = hours.quiet
    now = wall(at, hours.zone).time()
    return begins <= now < ends if begins < ends else not ends <= now < begins


def is_weekday(at: datetime, hours: Hours) -> bool:
    return not hours.weekdays or at.astimezone(ZoneInfo(hours.zone)).isoweekday() in hours.weekdays


def wall(at: datetime, zone: str) -> datetime:
    return at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


@cache
def first_moment(local: datetime, zone: str) -> datetime:
    """The first moment at which the clock shows this time or a later one. It is there where the
    clock reaches it by one of the offsets of these days, or where it jumps over it."""
    about = local.replace(tzinfo=UTC)
    crossings = {about - offset(about + n * DAY, zone) for n in (-1, 1)}
    years = {(about - 2 * DAY).year, (about + 2 * DAY).year}
    jumps = {one for year in years for one in changes(zone, year) if abs(one - about) <= 2 * DAY}
    return min(at for at in crossings | jumps if wall(at, zone) >= local)


def windows(at: datetime, hours: Hours) -> list[tuple[datetime, datetime]]:
    """The windows of the days around a moment. Each lasts as long as it says."""
    assert hours.send is not None
    begins, ends = (timedelta(hours=one.hour, minutes=one.minute) for one in hours.send)
    today = datetime.combine(wall(at, hours.zone).date(), time())
    opening = [first_moment(today + n * DAY + begins, hours.zone) for n in (-2, -1, 0, 1, 2)]
    return [(one, one + (ends - begins if begins < ends else ends - begins + DAY)) for one in opening]


def is_send_hour(at: datetime, hours: Hours) -> bool:
    return hours.send is None or any(begins <= at < ends for begins, ends in windows(at, hours))


def opens_at(at: datetime, hours: Hours) -> datetime | None:
    """The first open moment, found by checking every minute of every window."""
    minute = at
    while minute <= at + 15 * DAY:
        if not is_send_hour(minute, hours):
            minute = min(begins for begins, _ in windows(minute, hours) if begins > minute)
        if is_weekday(minute, hours) and not is_quiet(minute, hours):
            return minute
        minute = minute.replace(second=0, microsecond=0) + MINUTE
    return None
