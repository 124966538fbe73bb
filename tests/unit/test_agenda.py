"""What is due: the latest missed instant of a schedule, and how many were missed."""

from datetime import UTC, datetime, timedelta

from rekindle.fleet.due import MAX_COUNTED, agenda
from rekindle.ports import Schedule

NOW = datetime(2026, 3, 10, 9, 5, tzinfo=UTC)


def schedule(
    cron: str, *, last: timedelta, name: str = "nudge", timezone: str = "UTC", now: datetime = NOW
) -> Schedule:
    return Schedule(name, cron, timezone, since=now - last, last_at=now - last, skipped=0, now=now)


def begun(*schedules: Schedule, catch_up: timedelta = timedelta(hours=6)) -> list[tuple[str, str, int]]:
    found = agenda(schedules, catch_up_seconds=catch_up.total_seconds())
    return [
        (f"{instant:%d %H:%M}", one.schedule.scenario_type, one.skipped)
        for instant, due in found.begin.items()
        for one in due
    ]


def test_nothing_is_due_before_the_first_instant_and_after_the_last_one() -> None:
    assert begun(schedule("0 10 * * *", last=timedelta(hours=9))) == []
    assert begun(schedule("0 9 * * *", last=timedelta(minutes=5))) == []


def test_an_instant_is_due_at_its_very_second() -> None:
    on_time = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)
    assert begun(schedule("0 9 * * *", last=timedelta(hours=1), now=on_time)) == [("10 09:00", "nudge", 0)]
    assert begun(schedule("0 9 * * *", last=timedelta(hours=1), now=on_time - timedelta(microseconds=1))) == []


def test_after_an_outage_the_latest_instant_is_begun_and_the_others_are_counted() -> None:
    assert begun(schedule("*/10 * * * *", last=timedelta(minutes=47))) == [("10 09:00", "nudge", 4)]


def test_an_instant_older_than_the_catch_up_window_is_only_counted() -> None:
    late = schedule("0 2 * * *", last=timedelta(days=3))
    found = agenda([late], catch_up_seconds=6 * 3600)
    assert found.begin == {}
    assert [(f"{one.at:%d %H:%M}", one.skipped) for one in found.skip] == [("10 02:00", 3)]
    assert begun(late, catch_up=timedelta(hours=8)) == [("10 02:00", "nudge", 2)]


def test_scenarios_with_one_instant_share_it_and_older_instants_come_first() -> None:
    assert begun(
        schedule("0 9 * * *", last=timedelta(hours=2), name="a"),
        schedule("0 8 * * *", last=timedelta(hours=2), name="b"),
        schedule("0 10 * * *", last=timedelta(hours=2), name="c", timezone="Europe/Oslo"),
    ) == [("10 08:00", "b", 0), ("10 09:00", "a", 0), ("10 09:00", "c", 0)]


def test_a_long_outage_is_counted_up_to_a_limit() -> None:
    assert begun(schedule("* * * * *", last=timedelta(days=365))) == [("10 09:05", "nudge", MAX_COUNTED - 1)]
