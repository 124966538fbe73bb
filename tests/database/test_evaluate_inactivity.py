"""Inactivity: which people are due, exact to the day, in every time zone."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta

import pytest

from conftest import one_server
from rekindle.model import Acceptance
from rekindle.scenario import AnyScenario
from team.programme import Programme, open_programme, scenario

server = one_server

# The instant of all these tests: in Auckland it is already the 11th, in Los Angeles still the 10th.
NOW = datetime(2026, 3, 10, 11, 30, tzinfo=UTC)
AUCKLAND, LOS_ANGELES = "Pacific/Auckland", "America/Los_Angeles"
AWAY = scenario("inactivity", after=["14d", "30d"])


@pytest.fixture
async def programme(database_url: str) -> AsyncIterator[Programme]:
    async with open_programme(database_url) as programme:
        await programme.at(NOW)
        yield programme


async def send(programme: Programme, one: AnyScenario = AWAY) -> list[str]:
    """Claim, arm and record everybody who is due; return their occurrences."""
    run_id, units = await programme.armed_units(one)
    verdicts = await programme.store.record(run_id, [Acceptance(unit, f"n/{unit.claim_id}") for unit in units])
    assert set(verdicts) <= {"recorded"}
    rows = await programme.rows("select occurrence from rekindle.scenario_notification where run_id = %s", run_id)
    return sorted(row["occurrence"] for row in rows)


@pytest.mark.parametrize(
    ("zone", "last", "days"),
    [
        # Auckland is 13 hours ahead: its 25th of February ended at 11:00 UTC.
        (AUCKLAND, datetime(2026, 2, 25, 10, 59, tzinfo=UTC), 14),
        (AUCKLAND, datetime(2026, 2, 25, 11, 1, tzinfo=UTC), None),
        # Los Angeles was 8 hours behind in February: its 24th ended at 08:00 UTC of the 25th.
        (LOS_ANGELES, datetime(2026, 2, 25, 7, 59, tzinfo=UTC), 14),
        (LOS_ANGELES, datetime(2026, 2, 25, 8, 1, tzinfo=UTC), None),
        ("UTC", datetime(2026, 2, 24, 23, 59, tzinfo=UTC), 14),
        ("UTC", datetime(2026, 2, 25, 0, 1, tzinfo=UTC), None),
        ("Pacific/Kiritimati", datetime(2026, 2, 25, 9, 59, tzinfo=UTC), 14),
        ("Pacific/Pago_Pago", datetime(2026, 2, 25, 10, 59, tzinfo=UTC), 14),
    ],
)
async def test_a_stage_begins_on_the_local_day_on_which_its_days_are_complete(
    programme: Programme, zone: str, last: datetime, days: int | None
) -> None:
    user = await programme.person(timezone=zone)
    await programme.activity(user, last)
    due = await programme.due(AWAY)
    assert [candidate.variables["days"] for candidate in due.values()] == ([] if days is None else [days])


@pytest.mark.parametrize("session_zone", ["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago"])
@pytest.mark.parametrize(
    ("activity_type", "last", "auckland", "los_angeles"),
    [
        # A date is a local day: the 24th is 15 days ago in Auckland, 14 in Los Angeles.
        ("date", "2026-02-24", 15, 14),
        ("date", "2026-02-25", 14, None),
        # A timestamp without a zone is read as UTC: 09:00 of the 25th is the 25th in Auckland, the
        # 25th 01:00 in Los Angeles.
        ("timestamp", "2026-02-25 09:00", 14, None),
        ("timestamp", "2026-02-25 07:00", 14, 14),
        ("timestamptz", "2026-02-25 07:00+00", 14, 14),
        ("timestamptz", "2026-02-25 09:00+00", 14, None),
    ],
)
async def test_days_are_counted_alike_for_every_type_of_activity_date_and_every_session_zone(
    database_url: str, session_zone: str, activity_type: str, last: str, auckland: int | None, los_angeles: int | None
) -> None:
    ledger_url = f"{database_url}?options=-c%20TimeZone%3D{session_zone}"
    async with open_programme(database_url, ledger_url=ledger_url, activity_type=activity_type) as programme:
        await programme.at(NOW)
        people = {await programme.person(timezone=AUCKLAND): auckland}
        people[await programme.person(timezone=LOS_ANGELES)] = los_angeles
        for user in people:
            await programme.activity(user, last)
        due = await programme.due(AWAY)
    found = {user: due[user].variables["days"] if user in due else None for user in people}
    assert found == people


async def test_a_person_who_was_never_active_is_not_due(programme: Programme) -> None:
    await programme.person()
    numbers = await programme.claim(AWAY)
    assert (numbers.evaluated, numbers.not_due, numbers.claimed) == (1, 1, 0)


@pytest.mark.parametrize(("days", "stage"), [(13, None), (14, 14), (29, 14), (30, 30), (4_000, 30)])
async def test_only_the_highest_stage_that_is_reached_counts(
    programme: Programme, days: int, stage: int | None
) -> None:
    user = await programme.person()
    await programme.activity(user, NOW - timedelta(days=days), NOW - timedelta(days=days + 400))
    due = await programme.due(AWAY)
    if stage is None:
        assert due == {}
        return
    assert due[user].variables == {
        "first_name": "Ada",
        "days": days,
        "stage": stage,
        "last_activity_on": (NOW - timedelta(days=days)).date().isoformat(),
    }
    assert due[user].occurrence == f"inactive:{(NOW - timedelta(days=days)).date()}:{stage}d"


async def test_each_stage_of_an_absence_is_sent_once_and_the_next_stage_is_another(programme: Programme) -> None:
    user = await programme.person()
    await programme.activity(user, NOW - timedelta(days=14))
    assert await send(programme) == ["inactive:2026-02-24:14d"]
    sent: list[str] = []
    for days in range(1, 40):
        await programme.at(NOW + timedelta(days=days, minutes=1))
        sent += await send(programme)
    assert sent == ["inactive:2026-02-24:30d"]


async def test_a_new_activity_begins_a_new_absence(programme: Programme) -> None:
    user = await programme.person()
    await programme.activity(user, NOW - timedelta(days=20))
    assert await send(programme) == ["inactive:2026-02-18:14d"]
    await programme.activity(user, NOW)
    await programme.at(NOW + timedelta(days=13))
    assert await send(programme) == []
    await programme.at(NOW + timedelta(days=14))
    assert await send(programme) == ["inactive:2026-03-10:14d"]


@pytest.mark.parametrize("zone", [None, "", "Mars/Olympus", "Europe/Osloo", "x" * 300, "'; drop", "UTC\n"])
async def test_a_zone_that_is_missing_or_unreadable_falls_back_to_the_configured_one(
    programme: Programme, zone: str | None
) -> None:
    # The 24th in Los Angeles, the 25th in Auckland: due under the former on the 10th, under the
    # latter on the 11th.
    user = await programme.person(timezone=zone)
    await programme.activity(user, datetime(2026, 2, 25, 11, 30, tzinfo=UTC) - timedelta(hours=4))
    assert (await programme.due(AWAY, timezone=LOS_ANGELES))[user].variables["last_activity_on"] == "2026-02-24"
    assert (await programme.due(AWAY, timezone=AUCKLAND))[user].variables["last_activity_on"] == "2026-02-25"


async def test_an_unreadable_zone_of_one_person_does_not_keep_the_others_from_being_claimed(
    programme: Programme,
) -> None:
    for zone in ("Mars/Olympus", "Europe/Oslo", None):
        await programme.activity(await programme.person(timezone=zone), NOW - timedelta(days=20))
    assert (await programme.claim(AWAY)).claimed == 3


NEVER = ["0001-01-01", "4713-01-01 BC", "1899-12-30", "1900-01-01", "1970-01-01", "-infinity"]
"""The dates that programs write for "never"."""


@pytest.mark.parametrize("activity_type", ["timestamptz", "timestamp", "date"])
async def test_what_has_not_happened_and_what_means_never_is_no_activity(database_url: str, activity_type: str) -> None:
    async with open_programme(database_url, activity_type=activity_type) as programme:
        await programme.at(NOW)
        planned, unsaid = [await programme.person() for _ in range(2)]
        await programme.activity(planned, date(2026, 1, 19), NOW + timedelta(days=1), "9999-12-31", "infinity", *NEVER)
        await programme.activity(unsaid, "9999-12-31", *NEVER)
        due = await programme.due(AWAY)
        assert {user: one.variables["days"] for user, one in due.items()} == {planned: 50}


@pytest.mark.parametrize("activity_type", ["timestamptz", "timestamp", "date"])
@pytest.mark.parametrize("value", ["infinity", "-infinity"])
async def test_an_infinite_date_of_one_person_does_not_stop_the_scenario(
    database_url: str, activity_type: str, value: str
) -> None:
    async with open_programme(database_url, activity_type=activity_type) as programme:
        await programme.at(NOW)
        await programme.activity(await programme.person(), value)
        other = await programme.person()
        await programme.activity(other, date(2026, 1, 1))
        assert list(await programme.due(AWAY)) == [other]


async def test_the_days_of_a_summer_time_change_are_whole_days(programme: Programme) -> None:
    # New York lost an hour on the 8th of March: 14 local days after the 22nd of February at 23:30
    # are 335.5 hours.
    user = await programme.person(timezone="America/New_York")
    await programme.activity(user, datetime(2026, 2, 23, 4, 30, tzinfo=UTC))
    await programme.at(datetime(2026, 3, 8, 4, 59, tzinfo=UTC))
    assert await programme.due(AWAY) == {}
    await programme.at(datetime(2026, 3, 8, 5, 0, tzinfo=UTC))
    assert (await programme.due(AWAY))[user].variables["days"] == 14


async def test_one_day_is_the_shortest_stage(programme: Programme) -> None:
    user = await programme.person(timezone="Pacific/Kiritimati")
    await programme.activity(user, datetime(2026, 3, 10, 9, 59, tzinfo=UTC))
    assert (await programme.due(scenario("inactivity", after=["1d"])))[user].variables["days"] == 1


async def test_an_absence_gets_at_most_as_many_pushes_as_the_limit_and_the_next_one_starts_at_zero(
    programme: Programme,
) -> None:
    once = scenario("inactivity", after=["14d", "30d", "60d"], limit=2)
    user = await programme.person()
    await programme.activity(user, NOW - timedelta(days=15))
    assert await send(programme, once) == ["inactive:2026-02-23:14d"]
    await programme.at(NOW + timedelta(days=15))
    assert await send(programme, once) == ["inactive:2026-02-23:30d"]
    await programme.at(NOW + timedelta(days=45))
    assert (await programme.claim(once)).refusals == {"absence_limit": 1}
    await programme.activity(user, NOW + timedelta(days=46))
    await programme.at(NOW + timedelta(days=60))
    assert await send(programme, once) == ["inactive:2026-04-25:14d"]


async def test_an_unknown_send_counts_under_the_limit_of_an_absence(programme: Programme) -> None:
    once = scenario("inactivity", after=["14d", "30d"], limit=1)
    user = await programme.person()
    await programme.activity(user, NOW - timedelta(days=15))
    _, [unit] = await programme.armed_units(once)
    await programme.store.hold([(unit, "timeout")])
    await programme.at(NOW + timedelta(days=15))
    await programme.store.sweep()
    await programme.at(NOW + timedelta(days=16))
    assert (await programme.claim(once)).refusals == {"absence_limit": 1}
