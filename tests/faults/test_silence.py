"""A connection to the database that goes silent without closing: nothing waits for it beyond its
deadline."""

import asyncio
import time

import psycopg
import pytest

from faults.wire import Wire
from rekindle import Engine
from rekindle.errors import DatabaseUnreachable
from rekindle.postgres import pool
from rekindle.postgres.connection import connect
from rekindle.postgres.pool import Database
from rekindle.scenario import Config
from rekindle.settings import Settings
from rekindle.testing import ScriptedDispatcher
from team.team import Team
from team.waiting import WAIT_SECONDS

BUDGET_SECONDS = 5.0
"""Enough to come to every statement on a loaded machine."""
OVER_SECONDS = 20.0
"""A last write, the report, and one second each time to notice that the database is still silent:
three seconds on an idle machine. A run that waits for an answer waits longer than this."""


def targets(dispatcher: ScriptedDispatcher) -> list[str]:
    return sorted(message.target for message in dispatcher.sent)


@pytest.mark.parametrize("answered", [False, True], ids=["before it arrived", "after it was committed"])
@pytest.mark.parametrize(
    "word", ["rekindle:lock_if_free", "rekindle:claim", "rekindle:arm", "rekindle:record", "rekindle:run_close"]
)
async def test_a_run_on_a_connection_that_goes_silent_ends_in_its_time_and_nobody_gets_a_push_twice(
    team: Team, team_config: Config, word: str, answered: bool
) -> None:
    team.people(30, devices=2)
    first, second = ScriptedDispatcher(), ScriptedDispatcher()
    async with Wire(team.url, word, answered=answered, then="silence").open() as wire:
        settings = Settings.model_validate({"REKINDLE_DATABASE_URL": wire.url})
        async with Engine.open(settings, team_config, dispatcher=first) as engine:
            await asyncio.gather(*(engine.runs() for _ in range(20)))  # all connections of the pool are open
            begun = time.monotonic()
            with pytest.raises(DatabaseUnreachable, match="RK201"):
                await engine.run(budget_seconds=BUDGET_SECONDS)
            assert time.monotonic() - begun < BUDGET_SECONDS + OVER_SECONDS
            begun = time.monotonic()
        assert time.monotonic() - begun < OVER_SECONDS
        assert wire.hits == 1
    # The connections are closed now, so the locks of the lost run's open transaction are free.
    settings = Settings.model_validate({"REKINDLE_DATABASE_URL": team.url})
    async with Engine.open(settings, team_config, dispatcher=second) as engine:
        await engine.run(budget_seconds=60)
    both = targets(first) + targets(second)
    assert len(set(both)) == len(both)
    lost = {row[0] for row in team.rows("select target from rekindle.outbox")}
    assert set(both) | lost == {f"t{person}-{device}" for person in range(1, 31) for device in (1, 2)}


async def test_a_statement_without_an_answer_is_abandoned_and_the_next_one_gets_another_connection(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "_GRACE_SECONDS", 0.5 - pool.ANSWER_SECONDS)
    database = Database(team.url)
    await database.open()
    try:
        begun = time.monotonic()
        with pytest.raises(DatabaseUnreachable, match="no answer within the time allowed"):
            async with database.transaction() as connection:
                await connection.execute("select pg_sleep(60)")
        assert time.monotonic() - begun < 50
        assert await database.rows("select 1 as one") == [{"one": 1}]
    finally:
        await database.close()


async def test_a_statement_that_is_cancelled_ends_on_the_server_too(team: Team) -> None:
    database = Database(team.url)
    await database.open()
    try:
        asleep = asyncio.create_task(database.rows("select pg_sleep(60) as cancelled_here"))
        running = (
            "select from pg_stat_activity where query = 'select pg_sleep(60) as cancelled_here' and state = 'active'"
        )
        async with asyncio.timeout(WAIT_SECONDS):
            while not team.rows(running):
                await asyncio.sleep(0.01)
            asleep.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asleep
            while team.rows(running):
                await asyncio.sleep(0.01)
    finally:
        await database.close()


async def test_a_client_that_falls_silent_in_a_transaction_loses_its_locks(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "_IDLE_SECONDS", 0.3)
    database = Database(team.url)
    await database.open()
    try:

        async def fall_silent() -> None:
            async with database.transaction() as connection:
                await connection.execute("lock table rekindle.gate")
                with psycopg.connect(team.url) as other:
                    await asyncio.to_thread(other.execute, "lock table rekindle.gate")
                await connection.execute("select 1")

        with pytest.raises(DatabaseUnreachable):
            await fall_silent()
    finally:
        await database.close()


async def test_every_connection_looks_for_a_network_that_is_gone_unless_the_address_says_how(team: Team) -> None:
    for url, idle in ((team.url, "5"), (f"{team.url}?keepalives_idle=77", "77")):
        connection = await connect(url)
        said = connection.info.get_parameters()
        await connection.close()
        assert (said["keepalives_idle"], said["tcp_user_timeout"]) == (idle, "15000")
