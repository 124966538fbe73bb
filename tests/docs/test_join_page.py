"""The page about activity over a join does what it says."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from pydantic import SecretStr

from docs.documents import blocks, read
from rekindle import Engine
from rekindle.scenario import Config
from rekindle.settings import Settings
from rekindle.testing import ScriptedDispatcher
from team.programme import Programme, open_programme

PAGE = {block.info: block.text.encode() for block in blocks(read("docs/how-to/activity-over-a-join.md"))}
CONFIG: dict[str, Any] = {
    "scenario": {
        "away": {
            "kind": "inactivity",
            "after": ["14d"],
            "cooldown": "7d",
            "message": {"en": {"title": "Hello", "body": "{days} days"}},
        }
    }
}


@pytest.fixture
async def programme(database_url: str) -> AsyncIterator[Programme]:
    async with open_programme(database_url) as programme:
        await programme.sql.execute("drop view rekindle_source.activity")
        await programme.sql.execute(PAGE["sql tables.sql"])
        yield programme


@asynccontextmanager
async def opened(database_url: str) -> AsyncGenerator[tuple[Engine, ScriptedDispatcher]]:
    dispatcher = ScriptedDispatcher()
    config = Config.model_validate(CONFIG)
    async with Engine.open(Settings(database_url=SecretStr(database_url)), config, dispatcher=dispatcher) as engine:
        yield engine, dispatcher


async def index_code(engine: Engine) -> str | None:
    (found,) = [finding for finding in await engine.check() if finding.subject == "activity index"]
    return found.fault and found.fault.code


async def attend(programme: Programme, number: int, who: UUID, days_ago: float) -> None:
    at = datetime.now(UTC) - timedelta(days=days_ago)
    await programme.sql.execute("insert into app.sessions values (%s, %s)", [number, at])
    await programme.sql.execute("insert into app.attendance values (%s, %s, %s)", [number, number, who])


async def test_a_materialized_view_is_indexed_and_as_old_as_its_refresh(
    programme: Programme, database_url: str
) -> None:
    away, back = [await programme.person() for _ in range(2)]
    for number, who in enumerate((away, back)):
        await attend(programme, number, who, 20)
    await programme.sql.execute(PAGE["sql join.sql"])
    await programme.sql.execute("grant select on rekindle_source.activity to rekindle_worker")
    async with opened(database_url) as (engine, dispatcher):
        assert await index_code(engine) is not None
        await programme.sql.execute(PAGE["sql materialized.sql"])
        assert await index_code(engine) is None
        await engine.apply(checked=True)
        # A push is judged at the evaluation and just before it is sent, by the same rows.
        await attend(programme, 2, back, 0.1)
        await engine.run(user_id=back)
        assert [one.user_id for one in dispatcher.sent] == [back]
        await attend(programme, 3, away, 0.1)
        await programme.sql.execute(PAGE["sql refresh.sql"])
        await engine.run()
        assert [one.user_id for one in dispatcher.sent] == [back]


async def test_a_table_that_triggers_keep_is_never_old(programme: Programme, database_url: str) -> None:
    people = [await programme.person() for _ in range(4)]
    for number, who in enumerate(people):
        await attend(programme, number, who, 20)
    await programme.sql.execute(PAGE["sql triggers.sql"])
    recent = datetime.now(UTC) - timedelta(hours=2)
    await attend(programme, 10, people[0], 0.1)
    await programme.sql.execute("update app.sessions set held_at = %s where id = 1", [recent])
    await programme.sql.execute("update app.attendance set mentor_id = %s where id = 10", [people[3]])
    await programme.sql.execute("delete from app.sessions where id = 2")
    assert await programme.rows(PAGE["sql compare.sql"].decode()) == [{"missing": 0, "left_over": 0}]
    async with opened(database_url) as (engine, dispatcher):
        assert await index_code(engine) is None
        await engine.apply(checked=True)
        await engine.run()
    # Of the others, one session was moved, one deleted, and one has a new attendance.
    assert [one.user_id for one in dispatcher.sent] == [people[0]]


async def test_a_session_that_is_moved_while_somebody_is_added_to_it_is_kept_right(
    programme: Programme, database_url: str
) -> None:
    who = await programme.person()
    await programme.sql.execute(PAGE["sql triggers.sql"])
    await programme.sql.execute("insert into app.sessions values (1, now())")
    async with await psycopg.AsyncConnection.connect(database_url) as adding:
        await adding.execute("insert into app.attendance values (1, 1, %s)", [who])
        moving = asyncio.create_task(moved(database_url))
        await waiting(programme, moving)
        await adding.commit()
        await moving
    assert await programme.rows(PAGE["sql compare.sql"].decode()) == [{"missing": 0, "left_over": 0}]
    assert await programme.value("select activity_date::date::text from app.activity") == "2026-01-01"


async def moved(database_url: str) -> None:
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        await connection.execute("set time zone 'UTC'; update app.sessions set held_at = '2026-01-01 12:00Z'")


async def waiting(programme: Programme, moving: asyncio.Task[None]) -> None:
    """Until the session is moved, or its transaction waits for another one."""
    while not moving.done() and not await programme.value(
        "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
    ):
        await asyncio.sleep(0.01)
