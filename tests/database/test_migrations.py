"""Migrations: all or nothing, once, whoever else is at it."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from itertools import count
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg.rows import dict_row

from conftest import Server, as_worker
from rekindle.errors import MigrationDrift, NotMigrated, PermissionMissing
from rekindle.postgres.migrate import migrate, migrations, require_current

_NUMBERS = count()
OBJECTS = (
    "select count(*) as n from pg_class c join pg_namespace s on s.oid = c.relnamespace where s.nspname = 'rekindle'"
)


@pytest.fixture
def empty_url(server: Server) -> Iterator[str]:
    """A database with nothing in it."""
    name = f"empty_{next(_NUMBERS)}"
    server.execute(f"create database {name}")
    yield server.named(name)
    server.drop(server.named(name))


@pytest.fixture
async def empty(empty_url: str) -> AsyncIterator[psycopg.AsyncConnection]:
    async with await psycopg.AsyncConnection.connect(empty_url, autocommit=True, row_factory=dict_row) as connection:
        yield connection


async def one(connection: psycopg.AsyncConnection, query: str) -> object:
    return next(iter((await (await connection.execute(query)).fetchone()).values()))


async def test_an_empty_database_gets_every_migration_and_each_leaves_its_digest(
    empty_url: str, empty: psycopg.AsyncConnection
) -> None:
    done = await migrate(empty_url)
    assert done == migrations()
    rows = await (
        await empty.execute("select version, name, sha256 from rekindle.schema_migration order by 1")
    ).fetchall()
    assert [(row["version"], row["name"], row["sha256"]) for row in rows] == [
        (migration.version, migration.name, migration.sha256) for migration in done
    ]


async def test_the_second_migration_finds_nothing_to_do(empty_url: str, empty: psycopg.AsyncConnection) -> None:
    await migrate(empty_url)
    before = await one(empty, "select max(applied_at) from rekindle.schema_migration")
    assert await migrate(empty_url) == []
    assert await one(empty, "select max(applied_at) from rekindle.schema_migration") == before


async def test_of_several_migrations_at_once_one_runs_and_all_succeed(empty_url: str) -> None:
    done = await asyncio.gather(*(migrate(empty_url) for _ in range(6)))
    assert sorted(map(len, done)) == [0, 0, 0, 0, 0, len(migrations())]


def test_two_processes_may_migrate_at_once(empty_url: str) -> None:
    code = "from rekindle.cli import main; main()"
    command = [sys.executable, "-c", code, "migrate", "--json"]
    environment = os.environ | {"REKINDLE_DATABASE_URL": empty_url}
    started = [
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    answers = [(process.communicate(timeout=60), process.returncode) for process in started]
    assert [code for _, code in answers] == [0, 0], answers
    ran = [text for (text, _), _ in answers if migrations()[0].version in text]
    assert len(ran) == 1, answers


async def test_a_dry_run_says_what_it_would_do_and_changes_nothing(
    empty_url: str, empty: psycopg.AsyncConnection
) -> None:
    assert await migrate(empty_url, dry_run=True) == migrations()
    assert await one(empty, "select count(*) from pg_namespace where nspname = 'rekindle'") == 0
    assert await migrate(empty_url) == migrations()
    assert await migrate(empty_url, dry_run=True) == []


async def test_a_migration_that_was_run_with_another_text_is_drift(
    database_url: str, sql: psycopg.AsyncConnection
) -> None:
    await sql.execute("update rekindle.schema_migration set sha256 = repeat('0', 64)")
    for dry_run in (False, True):
        with pytest.raises(MigrationDrift, match=migrations()[0].version) as caught:
            await migrate(database_url, dry_run=dry_run)
        assert caught.value.code == "RK204"
        assert caught.value.mend


async def test_a_migration_that_this_version_does_not_know_is_drift(
    database_url: str, sql: psycopg.AsyncConnection
) -> None:
    await sql.execute(
        "insert into rekindle.schema_migration (version, name, sha256)"
        " values ('29991231235959', 'later', repeat('0', 64))"
    )
    with pytest.raises(MigrationDrift, match="29991231235959_later") as caught:
        await migrate(database_url)
    assert caught.value.code == "RK204"


async def test_a_failure_in_the_middle_leaves_nothing_behind(empty_url: str, empty: psycopg.AsyncConnection) -> None:
    # The last table of the ledger is in the way, so that everything before it has been made when it fails.
    await empty.execute("create schema rekindle; create table rekindle.disabled_token (mine int)")
    with pytest.raises(Exception, match="already exists"):
        await migrate(empty_url)
    assert await one(empty, OBJECTS) == 1
    assert await one(empty, "select count(*) from pg_proc where pronamespace = 'rekindle'::regnamespace") == 0
    await empty.execute("drop table rekindle.disabled_token")
    assert await migrate(empty_url) == migrations()


async def test_a_role_that_may_not_create_a_schema_is_told_so(server: Server, empty_url: str) -> None:
    await migrate(server.named("postgres"), dry_run=True)
    server.execute("do $$ begin create role rekindle_worker nologin; exception when duplicate_object then null; end $$")
    with pytest.raises(PermissionMissing) as caught:
        await migrate(as_worker(server, empty_url))
    assert caught.value.code == "RK206"


def test_the_digest_does_not_depend_on_line_ends() -> None:
    for migration in migrations():
        unix = migration.text.replace("\r\n", "\n")
        windows = unix.replace("\n", "\r\n")
        assert replace(migration, text=unix).sha256 == replace(migration, text=windows).sha256 == migration.sha256
        assert replace(migration, text=unix + " ").sha256 != migration.sha256


def test_migrations_are_named_by_their_moment_and_need_no_extension() -> None:
    versions = [migration.version for migration in migrations()]
    assert versions == sorted(set(versions))
    for migration in migrations():
        assert len(migration.version) == 14
        assert migration.version.isdigit()
        assert migration.name
        assert "create extension" not in migration.text.lower()


@pytest.mark.usefixtures("database_url")
async def test_row_level_security_is_on_for_every_table(sql: psycopg.AsyncConnection) -> None:
    cursor = await sql.execute(
        "select c.relname, c.relrowsecurity as on from pg_class c where c.relnamespace = 'rekindle'::regnamespace "
        "and c.relkind in ('r', 'p')"
    )
    tables = {row["relname"]: row["on"] for row in await cursor.fetchall()}
    assert len(tables) >= 10
    assert all(tables.values()), tables


@pytest.mark.usefixtures("database_url")
async def test_nobody_but_the_owner_and_the_worker_may_touch_anything(sql: psycopg.AsyncConnection) -> None:
    await sql.execute("do $$ begin create role test_nobody; exception when duplicate_object then null; end $$")
    assert await one(sql, "select has_schema_privilege('test_nobody', 'rekindle', 'usage')") is False
    cursor = await sql.execute(
        "select p.oid::regprocedure::text as name from pg_proc p where p.pronamespace = 'rekindle'::regnamespace "
        "and has_function_privilege('test_nobody', p.oid, 'execute')"
    )
    assert await cursor.fetchall() == []
    cursor = await sql.execute(
        "select c.relname from pg_class c where c.relnamespace = 'rekindle'::regnamespace and c.relkind = 'r' "
        "and has_table_privilege('test_nobody', c.oid, 'select, insert, update, delete, truncate')"
    )
    assert await cursor.fetchall() == []


def test_a_database_behind_this_version_is_refused_and_a_newer_one_is_not() -> None:
    newest = migrations()[-1].version
    require_current(newest)
    require_current("29991231235959")
    for behind in (None, "20000101000000"):
        with pytest.raises(NotMigrated, match=newest) as caught:
            require_current(behind)
        assert caught.value.code == "RK203"
        assert "rekindle migrate" in caught.value.mend


def test_no_password_stands_in_a_migration_fault(empty_url: str) -> None:
    parts = urlsplit(empty_url)
    with pytest.raises(Exception, match="does not answer") as caught:
        asyncio.run(migrate(empty_url.replace(f":{parts.port}/", ":1/")))
    assert parts.password is None or parts.password not in str(caught.value)
