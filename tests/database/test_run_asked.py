"""A run that is requested under a key is opened once, however many callers request it."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import psycopg
import pytest

from rekindle.errors import KeyTaken
from rekindle.model import Asked, KeyHolder
from rekindle.postgres.pool import Database
from rekindle.postgres.reports import Reports
from rekindle.postgres.store import PostgresStore

ASKED = Asked("cron-1", "5d" * 32)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    await database.open()
    yield database
    await database.close()


async def count(sql: psycopg.AsyncConnection) -> int:
    return (await (await sql.execute("select count(*) as n from rekindle.run")).fetchone())["n"]


async def test_of_many_concurrent_requests_with_one_key_one_opens_the_run(
    database: Database, sql: psycopg.AsyncConnection
) -> None:
    store = PostgresStore(database)
    opening = (store.open_run(budget_seconds=30, dispatcher="log", asked=ASKED) for _ in range(20))
    ended = await asyncio.gather(*opening, return_exceptions=True)
    (run_id,) = [one for one in ended if not isinstance(one, BaseException)]
    assert sum(isinstance(one, KeyTaken) for one in ended) == 19
    assert await Reports(database).asked("cron-1") == KeyHolder(run_id, ASKED.digest, free=False)
    assert await Reports(database).asked("cron-2") is None
    assert await count(sql) == 1


@pytest.mark.parametrize("asked", [ASKED, None])
async def test_an_opening_that_is_repeated_after_an_unclear_failure_finds_its_own_row(
    database: Database, sql: psycopg.AsyncConnection, asked: Asked | None
) -> None:
    store, run_id = PostgresStore(database), uuid4()
    for _ in range(2):
        assert await store.open_run(budget_seconds=30, dispatcher="log", run_id=run_id, asked=asked) == run_id
    assert await count(sql) == 1


async def test_each_opening_without_a_key_is_a_separate_run(database: Database, sql: psycopg.AsyncConnection) -> None:
    store = PostgresStore(database)
    for _ in range(2):
        await store.open_run(budget_seconds=30, dispatcher="log")
    assert await count(sql) == 2
