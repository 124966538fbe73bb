"""Cron lines: which are valid, and which instants they name, also when the clock changes."""

from datetime import UTC, datetime, timedelta
from itertools import takewhile

import pytest

from rekindle.scenario.cron import instants_before, next_instant, valid_cron

SPRING = datetime(2027, 3, 27, 22, 0, tzinfo=UTC)
AUTUMN = datetime(2027, 10, 30, 22, 0, tzinfo=UTC)


def test_a_line_is_stored_with_single_blanks() -> None:
    assert valid_cron("  7 9\t*  * mon-fri ") == "7 9 * * mon-fri"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("7 9 * *", "is not a cron line"),
        ("7 9 * * * *", "is not a cron line"),
        ("61 9 * * *", "is not a cron line"),
        ("*/0 9 * * *", "is not a cron line"),
        ("@daily", "is not a cron line"),
        ("", "is not a cron line"),
        ("0 0 31 2 *", "never fires: no month that it names has such a day"),
        ("0 0 31 4,6 *", "never fires"),
    ],
)
def test_a_line_that_is_not_valid_or_never_fires_is_refused(line: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        valid_cron(line)


@pytest.mark.parametrize(
    ("line", "day", "expected"),
    [
        ("30 2 * * *", SPRING, ["01:00"]),
        ("30 2 * * *", AUTUMN, ["00:30"]),
        ("0 3 * * *", SPRING, ["01:00"]),
        ("0 3 * * *", AUTUMN, ["02:00"]),
        ("30 */2 * * *", SPRING, ["23:30", "02:30"]),
        ("30 */2 * * *", AUTUMN, ["22:30", "00:30", "01:30", "03:30"]),
        ("*/30 2-3 * * *", SPRING, ["01:00", "01:30"]),
    ],
)
def test_an_instant_is_named_once_when_the_clock_changes_whether_asked_forward_or_backward(
    line: str, day: datetime, expected: list[str]
) -> None:
    end = day + timedelta(hours=5, minutes=59)
    backward = list(takewhile(lambda instant: instant > day, instants_before(line, "Europe/Oslo", end)))[::-1]
    forward, instant = [], next_instant(line, "Europe/Oslo", day)
    while instant < end:
        forward.append(instant)
        instant = next_instant(line, "Europe/Oslo", instant)
    assert [f"{instant:%H:%M}" for instant in backward] == expected
    assert forward == backward
