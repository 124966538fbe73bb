"""What a run writes about earlier pushes: whether people came back within the horizon, once and for
all."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from psycopg import errors
from psycopg.types.json import Jsonb

from conftest import one_server
from rekindle.model import Acceptance
from rekindle.scenario import definition, fingerprint
from team.programme import Programme, open_programme, wanted

server = one_server

NOW = datetime(2026, 3, 9, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture(params=["timestamptz"])
async def programme(database_url: str, request: pytest.FixtureRequest) -> AsyncIterator[Programme]:
    async with open_programme(database_url, activity_type=request.param) as programme:
        await programme.at(NOW)
        yield programme


async def sent(programme: Programme, *people: UUID, horizon: str = "14d") -> None:
    """Each of these people got a push of the scenario `nudge` now."""
    one = wanted(outcome={"horizon": horizon})
    await programme.sql.execute(
        "insert into rekindle.scenario (scenario_type, version, definition, fingerprint) values ('nudge', 1, %s, %s)",
        [Jsonb(definition(one)), fingerprint(one)],
    )
    await programme.want(*people)
    run_id, units = await programme.armed_units(one)
    assert {unit.user_id for unit in units} == set(people)
    await programme.store.record(run_id, [Acceptance(unit, f"n/{unit.claim_id}") for unit in units])


async def look_back(programme: Programme, *, limit: int = 100) -> int:
    return await programme.store.look_back(timezone=None, limit=limit, timeout_seconds=10)


async def known(programme: Programme) -> dict[UUID, Any]:
    rows = await programme.rows(
        "select n.user_id, c.back_at, c.opted_out from rekindle.came_back c "
        "join rekindle.scenario_notification n on n.id = c.claim_id"
    )
    return {row["user_id"]: (row["back_at"], row["opted_out"]) for row in rows}


async def test_a_push_is_looked_back_at_once_when_its_horizon_and_a_day_are_over(programme: Programme) -> None:
    never, before, at_once, last, late, out = people = [await programme.person() for _ in range(6)]
    await sent(programme, *people)
    await programme.activity(before, NOW - timedelta(seconds=1), NOW)
    await programme.activity(at_once, NOW + 9 * DAY, NOW + timedelta(seconds=1))
    await programme.activity(last, NOW + 14 * DAY)
    await programme.activity(late, NOW + 14 * DAY + timedelta(seconds=1))
    await programme.sql.execute("insert into team.preference values (%s, ' Nudge ', true)", [out])

    await programme.at(NOW + 15 * DAY)
    assert await look_back(programme) == 0
    await programme.at(NOW + 15 * DAY + timedelta(seconds=1))
    assert [await look_back(programme, limit=4) for _ in range(3)] == [4, 2, 0]
    expected = {
        never: (None, False),
        before: (None, False),
        at_once: (NOW + timedelta(seconds=1), False),
        last: (NOW + 14 * DAY, False),
        late: (None, False),
        out: (None, True),
    }
    assert await known(programme) == expected

    # What is entered later does not rewrite it, nor does anybody.
    await programme.activity(never, NOW + DAY)
    assert await look_back(programme) == 0
    assert await known(programme) == expected
    with pytest.raises(errors.InsufficientPrivilege):
        await programme.sql.execute("update rekindle.came_back set opted_out = false")
    await programme.sql.execute("delete from rekindle.scenario_notification where user_id = %s", [last])
    assert last not in await known(programme), "it leaves with its record"


@pytest.mark.parametrize("programme", ["date"], indirect=True)
async def test_days_count_where_the_person_lives(programme: Programme) -> None:
    """On 9 March, 12:00 UTC, it is 10 March in Kiritimati. There the next day begins 22 hours
    later."""
    far, same_day, last_day, after = people = [await programme.person(timezone="Pacific/Kiritimati") for _ in range(4)]
    await sent(programme, *people, horizon="2d")
    await programme.activity(far, date(2026, 3, 11))
    await programme.activity(same_day, date(2026, 3, 10))
    await programme.activity(last_day, date(2026, 3, 12))
    await programme.activity(after, date(2026, 3, 13))
    await programme.at(NOW + 4 * DAY)
    assert await look_back(programme) == 4
    midnight = datetime(2026, 3, 10, 10, tzinfo=UTC)
    back = {user: at for user, (at, _) in (await known(programme)).items()}
    assert back == {far: midnight, same_day: None, last_day: midnight + DAY, after: None}


async def test_without_activity_nothing_is_known(programme: Programme) -> None:
    await sent(programme, await programme.person())
    await programme.sql.execute("drop view rekindle_source.activity; drop view rekindle_source.preference")
    await programme.at(NOW + 20 * DAY)
    assert await look_back(programme) == 0
    assert await known(programme) == {}
