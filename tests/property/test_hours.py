"""Quiet hours, weekdays and the window of send_at by the person's local time, also when the clock
is put forward or back."""

from datetime import UTC, datetime, time, timedelta
from functools import cache

from hypothesis import example, given, settings
from hypothesis import strategies as st

from team.hours import HOUR, MINUTE, Hours, is_quiet, is_send_hour, is_weekday, offset, opens_at
from team.hours import changes as changes_of
from team.ledger import Ledger

# Clocks that change at night, at midnight forwards and back, by half an hour, by two hours, and
# never.
ZONES = [
    "UTC", "Europe/Oslo", "America/New_York", "America/St_Johns", "America/Havana", "America/Santiago", "Asia/Beirut",
    "Africa/Casablanca", "Australia/Lord_Howe", "Antarctica/Troll", "Pacific/Chatham", "Asia/Kathmandu",
]  # fmt: skip
# In the past: later rules depend on how new the two copies of the IANA database are.
FIRST, LAST = datetime(2012, 1, 1, tzinfo=UTC), datetime(2024, 1, 1, tzinfo=UTC)


@cache
def changes(zone: str) -> list[datetime]:
    """The moments between FIRST and LAST at which the zone's clock changes."""
    return [at for year in range(FIRST.year, LAST.year) for at in changes_of(zone, year)]


TIMES = st.builds(time, st.integers(0, 23), st.sampled_from([0, 0, 1, 15, 30, 45, 59]))
QUIET = st.tuples(TIMES, TIMES).filter(lambda pair: pair[0] != pair[1])
WEEKDAYS = st.just([]) | st.lists(st.integers(1, 7), min_size=1, max_size=6, unique=True).map(sorted)
SECONDS = int((LAST - FIRST).total_seconds()) - 20 * 86_400


@st.composite
def moments(draw: st.DrawFn, zone: str) -> datetime:
    """Any moment, or one around a change of the zone's clock."""
    around = changes(zone)
    if around and draw(st.booleans()):
        change = draw(st.sampled_from(around[:-1]))
        return change + timedelta(
            seconds=draw(st.integers(-30 * 3_600, 30 * 3_600) | st.sampled_from([-1, 0, 1, -1_800]))
        )
    return FIRST + timedelta(seconds=draw(st.integers(0, SECONDS)))


@st.composite
def cases(draw: st.DrawFn) -> tuple[datetime, Hours]:
    zone = draw(st.sampled_from(ZONES))
    return draw(moments(zone)), Hours(zone, draw(st.none() | QUIET), draw(WEEKDAYS), draw(st.none() | QUIET))


def oslo(text: str, quiet: str, weekdays: list[int]) -> tuple[datetime, Hours]:
    begins, ends = quiet.split("-")
    return datetime.fromisoformat(text), Hours(
        "Europe/Oslo", (time.fromisoformat(begins), time.fromisoformat(ends)), weekdays
    )


# The quiet hours end in the hour that occurs twice, and in the hour that is skipped.
TWICE = [oslo(f"2023-10-29T{at}+00:00", "22:00-02:30", []) for at in ("00:10:00", "00:29:59", "00:30:00", "01:10:00")]
NEVER = [oslo(f"2023-03-26T{at}+00:00", "22:00-02:30", []) for at in ("00:30:00", "00:59:59", "01:00:00")]


# The window begins in the hour that is skipped, and in the hour that occurs twice.
SENT = [
    (datetime.fromisoformat(f"2023-{at}+00:00"), Hours("Europe/Oslo", None, [], (time(2, 30), time(3, 30))))
    for at in (
        "03-26T00:59:59", "03-26T01:00:00", "03-26T01:59:59", "03-26T02:00:00",
        "10-29T00:29:59", "10-29T00:30:00", "10-29T01:29:59", "10-29T01:30:00", "10-29T01:45:00",
    )
]  # fmt: skip


def asked(ledger: Ledger, function: str, given_cases: list[tuple[datetime, Hours]]) -> list[object]:
    call = {
        "is_quiet": "rekindle.is_quiet(at, zone, quiet_from, quiet_until)",
        "is_weekday": "rekindle.is_weekday(at, zone, weekdays)",
        "is_send_hour": "rekindle.is_send_hour(at, zone, send_from, send_until)",
        "opens_at": "rekindle.opens_at(at, zone, quiet_from, quiet_until, weekdays, send_from, send_until)",
    }[function]
    rows = ledger.sql.execute(
        f"select {call} as said from unnest(%s::timestamptz[], %s::text[], %s::time[], %s::time[], %s::time[], "
        "%s::time[], %s::text[]) with ordinality "
        "as t (at, zone, quiet_from, quiet_until, send_from, send_until, days, n) "
        "cross join lateral (select days::int[] as weekdays) d order by n",
        [
            [at for at, _ in given_cases],
            [hours.zone for _, hours in given_cases],
            [hours.quiet and hours.quiet[0] for _, hours in given_cases],
            [hours.quiet and hours.quiet[1] for _, hours in given_cases],
            [hours.send and hours.send[0] for _, hours in given_cases],
            [hours.send and hours.send[1] for _, hours in given_cases],
            [f"{{{','.join(map(str, hours.weekdays))}}}" for _, hours in given_cases],
        ],
    ).fetchall()
    return [row["said"] for row in rows]


@settings(max_examples=60)
@example(TWICE + NEVER + SENT)
@given(st.lists(cases(), min_size=20, max_size=20))
def test_the_wall_clock_says_whether_it_is_quiet_which_day_it_is_and_whether_it_is_the_hour(
    ledger: Ledger, given_cases: list[tuple[datetime, Hours]]
) -> None:
    assert asked(ledger, "is_quiet", given_cases) == [is_quiet(at, hours) for at, hours in given_cases]
    assert asked(ledger, "is_weekday", given_cases) == [is_weekday(at, hours) for at, hours in given_cases]
    assert asked(ledger, "is_send_hour", given_cases) == [is_send_hour(at, hours) for at, hours in given_cases]


def test_the_hour_begins_after_the_gap_or_the_first_time_and_lasts_as_long_as_it_says(ledger: Ledger) -> None:
    said = [False, True, True, False, False, True, True, False, False]
    assert [is_send_hour(at, hours) for at, hours in SENT] == said
    assert asked(ledger, "is_send_hour", SENT) == said
    opening = [datetime(2023, 3, 26, 1, tzinfo=UTC), datetime(2023, 10, 29, 0, 30, tzinfo=UTC)]
    assert [asked(ledger, "opens_at", SENT)[n] for n in (0, 4)] == opening


def settled_after(at: datetime, zone: str) -> datetime:
    """The moment itself. If the zone's clock changes around it: the time when the change is as
    long ago as the size of the change."""
    near = [one for one in changes(zone) if abs(one - at) <= 3 * HOUR]
    return max([at, *(one + abs(offset(one, zone) - offset(one - MINUTE, zone)) for one in near)])


@settings(max_examples=60)
@example(TWICE + NEVER + SENT)
@example([oslo("2023-05-08T21:30:00+00:00", "22:00-08:00", [1])])  # a Monday night, and the next Monday morning
@example([(datetime(2012, 10, 28, 0, 59, 59, tzinfo=UTC), Hours("Antarctica/Troll", (time(1, 1), time(4)), []))])
@given(st.lists(cases(), min_size=8, max_size=8))
def test_it_opens_at_the_first_open_moment_or_once_a_change_of_the_clock_is_over(
    ledger: Ledger, given_cases: list[tuple[datetime, Hours]]
) -> None:
    """Exactly then, unless the clock is put forward or back around then. Never before, and never
    in the night."""
    for (at, hours), said in zip(given_cases, asked(ledger, "opens_at", given_cases), strict=True):
        first = opens_at(at, hours)
        latest = first and opens_at(settled_after(first, hours.zone), hours)
        if said is None:
            assert latest is None
            continue
        assert isinstance(said, datetime)
        assert is_weekday(said, hours)
        assert not is_quiet(said, hours)
        assert is_send_hour(said, hours)
        assert first is not None
        assert at <= first <= said <= (latest or said)
