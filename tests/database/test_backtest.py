"""The replay of the past against what the engine did in it."""

from bisect import bisect_right
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from conftest import one_server
from rekindle.engine.backtest import backtest, past_ticks
from rekindle.engine.run import Deps, Limits, run_cycle
from rekindle.model import Selection
from rekindle.policy import UNGUARDED
from rekindle.ports import Applied, PastTick, Terms
from rekindle.postgres.backtest import PostgresReplays, Stage
from rekindle.scenario import definition, fingerprint
from rekindle.testing import ScriptedDispatcher
from team.programme import Programme, applied, open_programme, scenario
from team.tables import DAYS

server = one_server

FIRST = datetime(2026, 3, 20, 9, tzinfo=UTC)
"""Before the clock changes in Europe, so that it changes within the 30 days."""
DAY = timedelta(days=1)
PEOPLE = 60
TERMS = Terms(timezone="Europe/Oslo", timeout_seconds=30)

# No time between two ticks is exactly a cooldown or a window: otherwise it would depend on how long
# a run takes whether the second tick is within it.
SCENARIOS = {
    "absent": scenario(
        "inactivity", after=["10d", "20d"], limit=2, caps=["2 per 156h"], schedule="0 9 * * *", cooldown="60h",
        priority=5,
    ),
    "regular": scenario(
        "milestone", at=[3, 6, 9], caps=["2 per 156h"], schedule="0 9 * * *", cooldown="20h"
    ),
    "renew": scenario(
        "expiry", before=["14d", "3d"], caps=["2 per 156h"], schedule="0 9 * * *", cooldown="36h", digest={}
    ),
    "birthday": scenario("date", on="birthday", before=["2d"], schedule="0 8 * * 1-5", cooldown="20h"),
    "shift": scenario(
        "event", before=["24h", "9h"], schedule="30 23 * * *", cooldown="1h", key="occurrence",
        quiet_hours="22:00-06:00", digest={"names": 2},
    ),
    "welcome": scenario(
        "onboarding", after=["3d", "9d"], schedule="0 8 * * *", cooldown="20h", weekdays=["mon", "wed", "fri"]
    ),
}  # fmt: skip


@pytest.fixture
async def programme(database_url: str) -> AsyncIterator[Programme]:
    async with open_programme(database_url) as programme:
        await programme.sql.execute(DAYS)
        yield programme


async def put_in_force(programme: Programme) -> list[Applied]:
    for name, one in SCENARIOS.items():
        await programme.sql.execute(
            "insert into rekindle.scenario (scenario_type, version, definition, fingerprint) values (%s, 1, %s, %s)",
            [name, Jsonb(definition(one)), fingerprint(one)],
        )
    return [applied(one, name) for name, one in SCENARIOS.items()]


async def lives(programme: Programme, seed: int) -> None:
    """People with activities, certificates, events, birthdays and days of joining, before and
    during the 30 days."""
    random = Random(seed)
    zones = ["Europe/Oslo", "America/New_York", "Asia/Tokyo", None]
    for number in range(PEOPLE):
        tokens: list[str] | None = None if number % 9 else []
        user = await programme.person(timezone=random.choice(zones), tokens=tokens)
        joined = FIRST + random.randrange(-20, 25) * DAY
        birthday = date(1990, 1, 1) + timedelta(days=random.randrange(365))
        if number % 3 == 0:
            birthday = date(1990, 3, 20) + timedelta(days=random.randrange(30))
        await programme.sql.execute(
            "update team.person set joined_at = %s, birthday = %s where user_id = %s", [joined, birthday, user]
        )
        if number % 4:
            hours = sorted(random.randrange(-40 * 24, 30 * 24) for _ in range(random.randrange(1, 9)))
            await programme.activity(
                user, *(FIRST + timedelta(hours=one, minutes=random.randrange(60)) for one in hours)
            )
        for name in ("First aid", "Driving")[: random.randrange(3)]:
            await programme.certificate(user, FIRST.date() + timedelta(days=random.randrange(-5, 40)), name)
        for event in range(random.randrange(3)):
            starts_at = FIRST + timedelta(hours=random.randrange(30 * 24))
            await programme.event(f"e{number}-{event}", user, starts_at)


async def clock(programme: Programme, at: datetime) -> None:
    """The ledger's clock shows this moment, and goes on from there."""
    now = datetime.now(UTC).isoformat()
    await programme.sql.execute(
        "create or replace function rekindle.clock() returns timestamptz language sql volatile as "
        f"$$ select timestamptz '{at.isoformat()}' + (clock_timestamp() - timestamptz '{now}') $$".encode()
    )


Push = tuple[Any, ...]
Judgements = dict[tuple[datetime, str], tuple[int, dict[str, int]]]
PUSHES = (
    "select user_id, scenario_type, occurrence, coalesce(other_occurrences, '{}') as others, cooldown_window_start "
    "from %s.scenario_notification"
)


def pushes(rows: list[dict[str, Any]], ticks: Sequence[PastTick]) -> set[Push]:
    """Each push with the tick that it belongs to: the last one before its evaluation."""
    moments = [tick.at for tick in ticks]
    return {
        (
            moments[bisect_right(moments, row["cooldown_window_start"]) - 1],
            row["scenario_type"],
            row["user_id"],
            row["occurrence"],
            tuple(sorted(row["others"])),
        )
        for row in rows
    }


async def runs(programme: Programme, ticks: Sequence[PastTick], in_force: list[Applied]) -> Judgements:
    """Run the engine at the moment of each tick, and return what it decided at each."""
    deps = Deps(ScriptedDispatcher(), programme.store, programme.store)
    limits = Limits(timezone=TERMS.timezone, guard=UNGUARDED)
    decided: Judgements = {}
    for tick in ticks:
        await clock(programme, tick.at)
        chosen = [one.applied for one in tick.evaluations]
        others = [one for one in in_force if one not in chosen]
        report = await run_cycle(deps, chosen, Selection(), limits, others=others)
        assert report.status == "done"
        decided |= {(tick.at, one.scenario_type): (one.claimed, dict(one.refusals)) for one in report.scenarios}
    return decided


@pytest.mark.timeout(300)
async def test_a_replay_of_30_days_finds_the_people_occurrences_and_ticks_of_the_runs(programme: Programme) -> None:
    in_force = await put_in_force(programme)
    await lives(programme, 1)
    ticks = past_ticks(in_force, TERMS, begins=FIRST, ends=FIRST + 30 * DAY, counted_from=FIRST).ticks
    assert len(ticks) == 90
    decided = await runs(programme, ticks, in_force)
    real = pushes(await programme.rows(PUSHES % "rekindle"), ticks)
    assert {name for _, name, *_ in real} == set(SCENARIOS)
    assert any(others for *_, others in real), "a digest has several occurrences"

    await programme.at(FIRST + 60 * DAY)
    async with Stage.open(programme.database, timeout_seconds=30) as stage:
        trusted = await stage.trust(in_force, FIRST + 60 * DAY)
        judged = [one for tick in ticks async for one in stage.judge(tick)]
        replayed = pushes(await (await stage.connection.execute((PUSHES % "pg_temp").encode())).fetchall(), ticks)
    labels = {name: one.label for name, one in trusted.items()}
    assert labels == {**dict.fromkeys(SCENARIOS, "exact"), "shift": "approximate"}, "events may have been moved"
    assert not [one.fault for one in judged if one.fault]
    assert replayed == real
    assert {(one.at, one.scenario_type): (one.claimed, one.refusals) for one in judged} == decided
    refused = {reason for one in judged for reason in one.refusals}
    assert refused >= {"cooldown", "already_notified", "frequency_cap", "no_token", "quiet_hours", "weekday"}
    assert any(one.collisions for one in judged)

    # The whole, with its own check against the runs.
    replays = PostgresReplays(programme.database)
    since, until = FIRST + 5 * DAY, FIRST + 30 * DAY
    whole = await backtest(replays, in_force, TERMS, UNGUARDED, since=since, until=until)
    assert all(past.real and past.real[0] == past.real[1] > 0 for past in whole.scenarios), "due is the same"


async def test_a_replay_cannot_write(programme: Programme) -> None:
    user = await programme.person()
    async with Stage.open(programme.database, timeout_seconds=10) as stage:
        for write in (
            "insert into rekindle.gate (user_id, scenario_type, next_at) values (gen_random_uuid(), 'x', now())",
            "delete from team.person",
            "create table team.copy (id int)",
            "set transaction read write",
        ):
            with pytest.raises(psycopg.Error) as fault:
                async with stage.connection.transaction():
                    await stage.connection.execute(write.encode())
            assert fault.value.sqlstate in ("25006", "25001"), write
        await stage.connection.execute(
            "insert into pg_temp.spent (user_id, scenario_type, occurrence, evaluated_at, at) "
            "values (%s, 'x', 'y', now(), now())",
            [user],
        )
    assert await programme.value("select count(*) from rekindle.spent") == 0
    assert await programme.value("select count(*) from pg_class where relnamespace = pg_my_temp_schema()") == 0
