"""The kinds onboarding and date: which people are due, once, and still due just before sending."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from conftest import one_server
from rekindle.engine.explain import explain
from rekindle.model import Acceptance
from rekindle.ports import Terms
from rekindle.postgres.explain import PostgresExplanations
from rekindle.postgres.reports import Reports
from rekindle.scenario import AnyScenario, Config, definition
from team.anything import ANYTHING
from team.programme import Programme, applied, open_programme, scenario
from team.tables import DAYS

server = one_server

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
STAGES = scenario("onboarding", after=["3d", "7d"])
BIRTHDAY = scenario("date", on="birthday")
SOON = scenario("date", on="birthday", before=["0d", "7d"])


@pytest.fixture
async def programme(database_url: str) -> AsyncIterator[Programme]:
    async with open_programme(database_url) as programme:
        await programme.sql.execute(DAYS)
        await Reports(programme.database).store_config(Config.model_validate({"scenario": {"nudge": definition(SOON)}}))
        await programme.at(NOW)
        yield programme


async def person(programme: Programme, *, timezone: str | None = "UTC", **days: object) -> UUID:
    user = await programme.person(timezone=timezone)
    for column, day in days.items():
        await programme.sql.execute(f"update team.person set {column} = %s where user_id = %s".encode(), [day, user])
    return user


async def send(programme: Programme, one: AnyScenario) -> list[str]:
    """Claim, arm and record everybody who is due; return their occurrences."""
    run_id, units = await programme.armed_units(one)
    await programme.store.record(run_id, [Acceptance(unit, f"n/{unit.claim_id}") for unit in units])
    rows = await programme.rows("select occurrence from rekindle.scenario_notification where run_id = %s", run_id)
    return sorted(row["occurrence"] for row in rows)


async def test_people_who_joined_and_were_never_active_are_due_and_nobody_else(programme: Programme) -> None:
    due = await person(programme, joined_at=NOW - timedelta(days=4))
    planned = await person(programme, joined_at=NOW - timedelta(days=9))
    await programme.activity(planned, NOW + timedelta(minutes=1), "1970-01-01", "9999-12-31")
    active = await person(programme, joined_at=NOW - timedelta(days=4))
    await programme.activity(active, NOW - timedelta(days=400))
    for joined_at in (None, NOW - timedelta(days=2), NOW + timedelta(days=5), "1970-01-01", "-infinity", "infinity"):
        await person(programme, joined_at=joined_at)
    said = {user: (one.occurrence, one.variables["stage"]) for user, one in (await programme.due(STAGES)).items()}
    assert said == {due: ("onboarding:3d", 3), planned: ("onboarding:7d", 7)}


async def test_a_stage_of_onboarding_counts_once_ever_whatever_is_edited(programme: Programme) -> None:
    user = await person(programme, joined_at=NOW - timedelta(days=4))
    assert await send(programme, STAGES) == ["onboarding:3d"]
    for day, joined, after, sent in [
        (2, -3, ["3d", "7d"], []),  # joined_at is corrected
        (4, -1, ["2d"], []),  # a lower stage than the one that was sent
        (6, -5, ["4d"], []),  # reached when the push was sent, five days after joining
        (8, -4, ["3d", "7d"], ["onboarding:7d"]),
        (10, 9, ["3d", "7d"], []),  # joined again
        (20, 9, ["3d", "7d"], []),
    ]:
        await programme.at(NOW + timedelta(days=day))
        query = "update team.person set joined_at = %s where user_id = %s"
        await programme.sql.execute(query, [NOW + timedelta(days=joined), user])
        assert await send(programme, scenario("onboarding", after=after)) == sent, (day, after)


YEARLY: list[tuple[Any, ...]] = [
    # zone, birthday, at, keys, occurrence, years, days left
    ("UTC", "1990-11-25", "2026-11-25 00:00+00", {}, "date:2026-11-25:0d", 36, 0),
    ("UTC", "1990-11-25", "2026-11-25 23:59+00", {}, "date:2026-11-25:0d", 36, 0),
    ("UTC", "1990-11-25", "2026-11-26 00:00+00", {}, None, None, None),
    ("UTC", "1990-11-25", "2026-11-24 23:59+00", {}, None, None, None),
    # On both ends of the earth it is another day. 2026-10-25: the clocks go back in Oslo.
    ("Pacific/Kiritimati", "1990-11-26", "2026-11-25 10:00+00", {}, "date:2026-11-26:0d", 36, 0),
    ("Etc/GMT+12", "1990-11-24", "2026-11-25 11:59+00", {}, "date:2026-11-24:0d", 36, 0),
    ("Europe/Oslo", "1990-10-25", "2026-10-25 22:59+00", {}, "date:2026-10-25:0d", 36, 0),
    ("Europe/Oslo", "1990-10-25", "2026-10-25 23:00+00", {}, None, None, None),
    ("Europe/Oslo", "1990-03-29", "2026-03-28 23:00+00", {}, "date:2026-03-29:0d", 36, 0),
    ("Europe/Oslo", "1990-03-29", "2026-03-29 22:00+00", {}, None, None, None),
    # Before the day, and across the new year.
    ("UTC", "1990-12-02", "2026-11-25 12:00+00", {"before": ["0d", "7d"]}, "date:2026-12-02:7d", 36, 7),
    ("UTC", "1990-12-01", "2026-11-25 12:00+00", {"before": ["3d", "7d"]}, "date:2026-12-01:7d", 36, 6),
    ("UTC", "1990-12-03", "2026-11-25 12:00+00", {"before": ["0d", "7d"]}, None, None, None),
    ("UTC", "1991-01-02", "2026-12-27 12:00+00", {"before": ["7d"]}, "date:2027-01-02:7d", 36, 6),
    ("UTC", "1991-05-23", "2026-11-25 12:00+00", {"before": ["180d"]}, "date:2027-05-23:180d", 36, 179),
    # 29 February.
    ("UTC", "2000-02-29", "2027-02-28 12:00+00", {}, "date:2027-02-28:0d", 27, 0),
    ("UTC", "2000-02-29", "2027-03-01 12:00+00", {}, None, None, None),
    ("UTC", "2000-02-29", "2027-02-28 12:00+00", {"leap_day": "mar-1"}, None, None, None),
    ("UTC", "2000-02-29", "2027-03-01 12:00+00", {"leap_day": "mar-1"}, "date:2027-03-01:0d", 27, 0),
    ("UTC", "2000-02-29", "2028-02-29 12:00+00", {"leap_day": "mar-1"}, "date:2028-02-29:0d", 28, 0),
    ("UTC", "2000-02-29", "2028-02-28 12:00+00", {}, None, None, None),
    ("UTC", "2000-02-29", "2100-02-28 12:00+00", {}, "date:2100-02-28:0d", 100, 0),
    ("UTC", "2000-03-01", "2028-02-29 12:00+00", {}, None, None, None),
    ("UTC", "2000-02-28", "2028-02-29 12:00+00", {}, None, None, None),
    # The first one is a year later, and some values are no day.
    ("UTC", "2026-11-25", "2026-11-25 12:00+00", {}, None, None, None),
    ("UTC", "2027-11-25", "2026-11-25 12:00+00", {}, None, None, None),
    ("UTC", "2025-11-25", "2026-11-25 12:00+00", {}, "date:2026-11-25:0d", 1, 0),
    ("UTC", "1604-11-25", "2026-11-25 12:00+00", {}, "date:2026-11-25:0d", 422, 0),
    ("UTC", "0001-01-01", "2027-01-01 12:00+00", {}, None, None, None),
    ("UTC", "0001-01-01", "2027-01-02 12:00+00", {}, None, None, None),
    ("UTC", "infinity", "2026-12-30 12:00+00", {}, None, None, None),
    ("UTC", "-infinity", "2026-01-02 12:00+00", {}, None, None, None),
    ("UTC", None, "2026-11-25 12:00+00", {}, None, None, None),
]  # fmt: skip


async def test_a_yearly_day_is_due_on_its_local_day_or_within_a_threshold(programme: Programme) -> None:
    user = await person(programme)
    wrong: list[tuple[Any, ...]] = []
    for zone, birthday, at, keys, *expected in YEARLY:
        await programme.at(at)
        query = "update team.person set timezone = %s, birthday = %s"
        await programme.sql.execute(query, [zone, birthday])
        due = (await programme.due(scenario("date", on="birthday", **keys))).get(user)
        said = [due and due.occurrence, due and due.variables["years"], due and due.variables["days_left"]]
        if said != expected:
            wrong.append((zone, birthday, at, keys, said))
    assert not wrong


@pytest.mark.parametrize(
    ("first", "then", "later", "sent"),
    [
        (0, 0, 1, []),  # corrected to tomorrow
        (0, 0, 60, []),
        (0, 0, 180, []),
        (0, 0, 365, ["date:2027-11-25:0d"]),
        (0, 0, 335, ["date:2027-10-26:0d"]),  # the next year's, after a correction to a month earlier
        (5, 5, 6, ["date:2026-11-30:0d"]),  # the push was for the threshold before; it keeps the name
        (5, 5, 9, ["date:2026-11-30:0d"]),
        (5, 2, 8, []),  # the threshold before, again
    ],
)
async def test_a_yearly_day_that_is_corrected_is_no_second_occasion_in_that_year(
    programme: Programme, first: int, then: int, later: int, sent: list[str]
) -> None:
    user = await person(programme, birthday=date(1990, 11, 25) + timedelta(days=first))
    assert await send(programme, SOON) == [f"date:{NOW.date() + timedelta(days=first)}:{7 if first else 0}d"]
    corrected = NOW.date() + timedelta(days=later)
    await programme.sql.execute(
        "update team.person set birthday = %s where user_id = %s", [corrected.replace(year=1990), user]
    )
    await programme.at(NOW + timedelta(days=later if then in (first, 0) else then))
    assert await send(programme, SOON) == sent


async def test_a_yearly_day_keeps_its_name_in_every_time_zone_and_its_thresholds_when_they_are_edited(
    programme: Programme,
) -> None:
    await programme.sql.execute('update rekindle.scenario set definition = definition || \'{"on": "joined_at"}\'')
    joined = scenario("date", on="joined_at")
    await person(programme, timezone=None, joined_at="2020-11-25 20:00+00")
    assert await send(programme, joined) == ["date:2026-11-25:0d"]
    await programme.at("2026-11-26 12:00+00")
    await programme.sql.execute("update team.person set timezone = 'Asia/Seoul'")  # there it is the 26th
    assert (await programme.claim(joined)).refusals == {"already_notified": 1}
    for before in (["1d"], ["30d", "2d"]):
        assert await send(programme, scenario("date", on="joined_at", before=before)) == []


async def test_just_before_sending_a_person_must_still_be_new_and_a_yearly_day_still_be_today(
    programme: Programme,
) -> None:
    async def armed(one: AnyScenario, since: str, at: datetime = NOW) -> str:
        user = await person(programme, birthday="1990-11-25", joined_at=NOW - timedelta(days=3))
        _, units = await programme.claimed_units(one)
        [unit] = [unit for unit in units if unit.user_id == user]
        await programme.sql.execute(since.encode(), {"user_id": user})
        await programme.at(at)
        [verdict] = (await programme.store.arm([unit], lease_seconds=30)).values()
        await programme.at(NOW)
        await programme.sql.execute("delete from team.person; delete from rekindle.outbox; delete from rekindle.gate")
        return verdict

    moved = "update team.person set birthday = birthday {} where user_id = %(user_id)s"
    recreated = (
        "drop view rekindle_source.recipient; create view rekindle_source.recipient as "
        "select user_id, organisation_id, chapter_id, timezone, locale, active, first_name from team.person"
    )
    done = "insert into team.activity values (%(user_id)s, '{}')"
    cases: list[tuple[AnyScenario, str, datetime, str]] = [
        (STAGES, "select %(user_id)s", NOW, "armed"),
        (STAGES, done.format("2026-11-25 11:59+00"), NOW, "active_again"),
        (STAGES, done.format("2026-11-26 12:00+00"), NOW, "armed"),  # planned
        (STAGES, done.format("1970-01-01"), NOW, "armed"),
        (BIRTHDAY, "select %(user_id)s", NOW, "armed"),
        (BIRTHDAY, "select %(user_id)s", NOW.replace(hour=23, minute=59), "armed"),
        (BIRTHDAY, "select %(user_id)s", NOW.replace(day=26, hour=0), "no_longer_due"),
        (BIRTHDAY, moved.format("+ 1"), NOW, "no_longer_due"),
        (BIRTHDAY, moved.format("- interval '1 year'"), NOW, "no_longer_due"),  # another age
        (BIRTHDAY, "update team.person set birthday = null", NOW, "no_longer_due"),
    ]
    assert [await armed(one, since, at) for one, since, at, _ in cases] == [verdict for *_, verdict in cases]
    # The column is gone.
    await person(programme, birthday="1990-11-25")
    _, units = await programme.claimed_units(BIRTHDAY)
    await programme.sql.execute(recreated.encode())
    assert list((await programme.store.arm(units, lease_seconds=30)).values()) == ["no_longer_due"]


@pytest.mark.parametrize("of_type", ["date", "timestamp", "timestamptz"])
async def test_a_day_of_any_type_and_value_concerns_its_own_person(programme: Programme, of_type: str) -> None:
    values = [*ANYTHING[of_type], "'0001-01-01'", "'4714-11-24 BC'", "null"]
    await programme.sql.execute(
        "drop view rekindle_source.recipient; alter table team.person drop joined_at, drop birthday; "
        f"alter table team.person add joined_at {of_type}, add birthday {of_type}; "
        "create view rekindle_source.recipient as select * from team.person".encode()
    )
    await programme.at(datetime(2026, 1, 31, 12, tzinfo=UTC))
    sound = await person(programme, timezone="Europe/Oslo", joined_at="2026-01-20", birthday="1990-01-31")
    odd = [await programme.person(timezone="Pacific/Kiritimati") for _ in values]
    for user, value in zip(odd, values, strict=True):
        await programme.sql.execute(
            f"update team.person set joined_at = {value}, birthday = {value} where user_id = %s".encode(), [user]
        )
    for one in (STAGES, BIRTHDAY):
        _, units = await programme.claimed_units(one)
        assert sound in {unit.user_id for unit in units}
        verdicts = await programme.store.arm(units, lease_seconds=30)
        assert set(verdicts.values()) == {"armed"}
        for user in (sound, *odd):
            [explained] = await explain(
                PostgresExplanations(programme.database), user, [applied(one)], terms=Terms("UTC", 30)
            )
            assert explained.fault is None
        await programme.sql.execute("delete from rekindle.outbox; delete from rekindle.gate")
