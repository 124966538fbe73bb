"""The engine's locks: one at a time, out of reach of any other login. A wait in vain names the
holder."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from importlib import resources
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from psycopg import errors, sql

from conftest import ROOT
from rekindle.errors import DatabaseError, StatementTooSlow
from rekindle.policy import Guard
from rekindle.ports import Terms
from rekindle.postgres.migrate import migrate
from rekindle.postgres.reports import Reports
from rekindle.postgres.sql import statement
from rekindle.scenario import Config
from team.programme import Programme, evaluation, open_programme, wanted
from team.waiting import WAIT_SECONDS

WATCHING = Guard(max_share=1.0, max_times_median=None, floor=5)
CONFIG = Config(scenario={"nudge": wanted().model_dump(exclude_none=True)})


@pytest.fixture
async def programme(database_url: str) -> AsyncIterator[Programme]:
    async with open_programme(database_url, connections=6) as programme:
        yield programme


@asynccontextmanager
async def session(url: str, name: str) -> AsyncIterator[psycopg.AsyncConnection]:
    async with await psycopg.AsyncConnection.connect(url, application_name=name) as connection:
        yield connection


def test_no_statement_of_the_product_takes_an_advisory_lock() -> None:
    called = re.compile(r"pg_(try_)?advisory_(xact_)?lock")
    files = [path for path in (ROOT / "src").rglob("*") if path.suffix in (".py", ".sql")]
    assert len(files) > 200
    assert [path.name for path in files if called.search(path.read_text(encoding="utf-8"))] == []


async def test_a_login_that_may_only_connect_holds_up_nothing(programme: Programme, database_url: str) -> None:
    await programme.sql.execute(
        "do $$ begin create role only_connects login password 'x'; exception when duplicate_object then null; end $$"
    )
    parts = urlsplit(database_url)
    url = urlunsplit(parts._replace(netloc=f"only_connects:x@{parts.hostname}:{parts.port}"))
    text = resources.files("rekindle.postgres.migrations").joinpath("20261123090100_tables.sql").read_text()
    names = re.findall(r"^  \('(\w+)', '", text, re.MULTILINE)
    assert names == ["apply", "guard", "migrate", "prune", "sweep", "test"]
    await programme.want(*await programme.people(1))
    async with session(url, "only_connects") as intruder:
        for name in (*names, "migrate.alone"):
            await intruder.execute("select pg_advisory_lock(hashtextextended(%s, 0))", [f"rekindle.{name}"])
        for table in ("lock", "schema_migration", "gate"):
            await intruder.commit()
            with pytest.raises(errors.InsufficientPrivilege):
                await intruder.execute(
                    sql.SQL("lock table {} in access share mode").format(sql.Identifier("rekindle", table))
                )
            await intruder.rollback()
        async with asyncio.timeout(WAIT_SECONDS):
            assert (await migrate(database_url)).ran == ()
            await Reports(programme.database).store_config(CONFIG)
            assert await programme.store.sweep() != {}
            assert (await programme.claim(wanted(), guard=WATCHING)).claimed == 1


async def test_a_claim_that_waits_in_vain_names_the_session_that_has_the_guard(
    programme: Programme, database_url: str
) -> None:
    await programme.want(*await programme.people(1))
    run_id = await programme.run()
    soon = replace(evaluation(wanted()), terms=Terms(timezone="UTC", timeout_seconds=3))
    async with session(database_url, "another run") as holder:
        await holder.execute("select from rekindle.lock where name = 'guard' for update")
        with pytest.raises(StatementTooSlow) as held:
            await programme.store.claim(run_id, soon, reserved_seconds=60, guard=WATCHING)
        pid = holder.info.backend_pid
    assert re.fullmatch(
        rf"the lock guard of the ledger was not free within the time left: process {pid} of the server \(another run\) "
        r"has it since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+:\w]+",
        held.value.message,
    )
    assert f"pg_terminate_backend({pid})" in held.value.hint
    assert await programme.value("select count(*) from rekindle.outbox") == 0
    assert (await programme.claim(wanted(), run_id=run_id, guard=WATCHING)).claimed == 1


async def test_a_claim_that_waits_in_vain_for_an_erasure_says_so(programme: Programme, database_url: str) -> None:
    await programme.want(*await programme.people(1))
    soon = replace(evaluation(wanted()), terms=Terms(timezone="UTC", timeout_seconds=3))
    async with session(database_url, "an erasure") as holder:
        await holder.execute(statement("erasure_begin"))
        with pytest.raises(StatementTooSlow, match="an erasure did not end within the time left"):
            await programme.store.claim(await programme.run(), soon, reserved_seconds=60, guard=WATCHING)
    assert (await programme.claim(wanted(), guard=WATCHING)).claimed == 1


async def test_a_lock_whose_row_is_missing_is_an_error_and_nothing_is_done_without_it(programme: Programme) -> None:
    await programme.want(*await programme.people(1))
    await programme.sql.execute("delete from rekindle.lock")
    with pytest.raises(DatabaseError, match=r"rekindle\.lock has no row guard") as missing:
        await programme.claim(wanted(), guard=WATCHING)
    with pytest.raises(DatabaseError, match=r"rekindle\.lock has no row sweep"):
        await programme.store.sweep()
    with pytest.raises(DatabaseError, match=r"rekindle\.lock has no row apply"):
        await Reports(programme.database).store_config(CONFIG)
    assert await programme.value("select count(*) from rekindle.outbox") == 0
    assert await programme.value("select count(*) from rekindle.scenario") == 0
    (repair,) = re.findall(r"insert into [^.]+\.lock .*(?=\.)", missing.value.hint)
    await programme.sql.execute(repair.encode())
    assert (await programme.claim(wanted(), guard=WATCHING)).claimed == 1
