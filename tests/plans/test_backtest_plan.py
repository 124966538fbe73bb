"""A tick of a replay reads what counts at its moment, however many ticks there were before it."""

from datetime import UTC, datetime, timedelta
from typing import Any

from conftest import one_server
from plans.test_small_plans import rows_read
from rekindle.engine.backtest import past_ticks
from rekindle.ports import Applied, PastTick, Terms
from rekindle.postgres.backtest import Stage, _PastMoment  # pyright: ignore[reportPrivateUsage]
from rekindle.postgres.sql import statement
from rekindle.scenario import fingerprint
from team.programme import open_programme, scenario

server = one_server

PEOPLE = 240
EVERY = 8
"""Days between two activities of a person. On each day as many people are active as on any other.
So each tick nudges as many, and a tick may read no more than the one before."""
EARLY, LATE = 5 * EVERY, 12 * EVERY

LIVES = """
insert into team.person
  select md5('p' || n)::uuid, null, 'Europe/Oslo', 'en', true, 'Ada'
  from generate_series(1, %(people)s) n;
insert into team.activity
  select md5('p' || n)::uuid, timestamptz '2026-01-01 12:00Z' + make_interval(days => n %% %(every)s + %(every)s * time)
  from generate_series(1, %(people)s) n, generate_series(0, 20) time;
insert into team.device
  select md5('p' || n)::uuid, 'token-' || n, 'token', '2025-01-01'
  from generate_series(1, %(people)s) n;
create index on team.device (user_id);
analyze;
"""


async def test_a_late_tick_of_a_replay_reads_no_more_than_an_early_one(database_url: str) -> None:
    one = scenario("inactivity", after=["4d", "20d"], cooldown="3d", caps=["3 per 7d"])
    applied = Applied("absent", 1, one, fingerprint(one))
    begins = datetime(2026, 1, 20, tzinfo=UTC)
    ends = begins + timedelta(days=LATE)
    ticks = past_ticks([applied], Terms(timezone="UTC"), begins=begins, ends=ends, counted_from=begins).ticks

    async with open_programme(database_url) as programme:
        await programme.sql.execute((LIVES % {"people": PEOPLE, "every": EVERY}).encode())
        async with Stage.open(programme.database, timeout_seconds=30) as stage:

            async def read_by(tick: PastTick) -> dict[str, float]:
                moment = _PastMoment.of_tick(stage, tick.evaluations[0], tick)
                parameters = await moment.of(applied) | {"counted": True}
                query = "explain (analyze, format json, timing off) " + moment.statement("replay", one)
                async with stage.connection.transaction(force_rollback=True):
                    row: Any = await (await stage.connection.execute(query, parameters)).fetchone()
                [plan] = row["QUERY PLAN"]
                return {table: rows_read(plan, table) for table in ("scenario_notification", "rekindle_replayed")}

            read: dict[int, dict[str, float]] = {}
            for number, tick in enumerate(ticks, start=1):
                await stage.connection.execute(statement("replay_at"), {"at": tick.at})
                if number in (EARLY, LATE):
                    read[number] = await read_by(tick)
                async for _ in stage.judge(tick):
                    pass
            row = await (
                await stage.connection.execute("select count(*) as n from pg_temp.rekindle_replayed")
            ).fetchone()
    assert row is not None
    assert row["n"] >= PEOPLE * (LATE // EVERY - 1)  # a push in each absence
    for table, early in read[EARLY].items():
        assert 0 < read[LATE][table] <= 1.2 * early, read
