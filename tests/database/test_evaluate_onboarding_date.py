"""The kinds onboarding and date: which people are due, once, and still due just before sending."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from conftest import one_server
from rekindle.engine.explain import explain
from rekindle.model import Acceptance
from rekindle.ports import Terms
from rekindle.postgres.explain import PostgresExplanations
from rekindle.scenario import AnyScenario
from team.anything import ANYTHING
from team.programme import Programme, applied, open_programme, scenario
from team.tables import DAYS

server = one_server

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
STAGES = scenario("onboarding", after=["3d", "7d"])


@pytest.fixture
async def programme(database_url: str) -> AsyncIterator[Programme]:
    async with open_programme(database_url) as programme:
        await programme.sql.execute(DAYS)
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


async def test_just_before_sending_a_person_must_still_be_new(
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

    done = "insert into team.activity values (%(user_id)s, '{}')"
    cases: list[tuple[AnyScenario, str, datetime, str]] = [
        (STAGES, "select %(user_id)s", NOW, "armed"),
        (STAGES, done.format("2026-11-25 11:59+00"), NOW, "active_again"),
        (STAGES, done.format("2026-11-26 12:00+00"), NOW, "armed"),  # planned
        (STAGES, done.format("1970-01-01"), NOW, "armed"),
    ]
    assert [await armed(one, since, at) for one, since, at, _ in cases] == [verdict for *_, verdict in cases]


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
    for one in (STAGES,):
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
