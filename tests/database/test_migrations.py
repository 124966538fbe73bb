"""Migrations: all or nothing, and once, also with concurrent runners."""

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg.rows import dict_row

from conftest import Server, as_worker
from rekindle.errors import DatabaseError, MigrationDrift, NotMigrated, PermissionMissing
from rekindle.postgres.migrate import Migration, migrate, migrations, require_current

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


async def value_of(connection: psycopg.AsyncConnection, query: str) -> object:
    return next(iter((await (await connection.execute(query)).fetchone()).values()))


async def test_an_empty_database_gets_every_migration_and_each_leaves_its_digest(
    empty_url: str, empty: psycopg.AsyncConnection
) -> None:
    done = (await migrate(empty_url)).ran
    assert done == tuple(migrations())
    rows = await (
        await empty.execute("select version, name, sha256 from rekindle.schema_migration order by 1")
    ).fetchall()
    assert [(row["version"], row["name"], row["sha256"]) for row in rows] == [
        (migration.version, migration.name, migration.sha256) for migration in done
    ]


async def test_the_second_migration_finds_nothing_to_do(empty_url: str, empty: psycopg.AsyncConnection) -> None:
    await migrate(empty_url)
    before = await value_of(empty, "select max(applied_at) from rekindle.schema_migration")
    assert (await migrate(empty_url)).ran == ()
    assert await value_of(empty, "select max(applied_at) from rekindle.schema_migration") == before


async def test_of_several_migrations_at_once_one_runs_and_all_succeed(empty_url: str) -> None:
    done = await asyncio.gather(*(migrate(empty_url) for _ in range(6)))
    assert sorted(len(one.ran) for one in done) == [0, 0, 0, 0, 0, len(migrations())]


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
    assert (await migrate(empty_url, dry_run=True)).ran == tuple(migrations())
    assert await value_of(empty, "select count(*) from pg_namespace where nspname = 'rekindle'") == 0
    assert (await migrate(empty_url)).ran == tuple(migrations())
    assert (await migrate(empty_url, dry_run=True)).ran == ()


async def test_a_migration_that_was_run_with_another_text_is_drift(
    database_url: str, sql: psycopg.AsyncConnection
) -> None:
    await sql.execute("update rekindle.schema_migration set sha256 = repeat('0', 64)")
    for dry_run in (False, True):
        with pytest.raises(MigrationDrift, match=migrations()[0].version) as caught:
            await migrate(database_url, dry_run=dry_run)
        assert caught.value.code == "RK204"
        assert caught.value.hint


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
    # The last table of the ledger exists already, so everything before it has been made when the
    # migration fails.
    await empty.execute("create schema rekindle; create table rekindle.disabled_token (user_id int)")
    with pytest.raises(Exception, match="disabled_at"):
        await migrate(empty_url)
    assert await value_of(empty, OBJECTS) == 1
    assert await value_of(empty, "select count(*) from pg_proc where pronamespace = 'rekindle'::regnamespace") == 0
    await empty.execute("drop table rekindle.disabled_token")
    assert (await migrate(empty_url)).ran == tuple(migrations())


# A text for everything that a migration can make: two databases with the same texts have the same
# schema.
MADE = """
select 'column', format('%s.%s %s %s %s', c.oid::regclass, a.attname, format_type(a.atttypid, a.atttypmod),
                        a.attnotnull, pg_get_expr(d.adbin, d.adrelid)), a.attacl::text
  from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0
  left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
  where c.relnamespace = 'rekindle'::regnamespace
union all
select 'relation', format('%s %s %s', c.oid::regclass, c.relkind, c.relrowsecurity), c.relacl::text
  from pg_class c where c.relnamespace = 'rekindle'::regnamespace
union all
select 'index', pg_get_indexdef(i.indexrelid), i.indisvalid::text
  from pg_index i join pg_class c on c.oid = i.indexrelid where c.relnamespace = 'rekindle'::regnamespace
union all
select 'constraint', format('%s %s', conrelid::regclass, pg_get_constraintdef(oid)), conname
  from pg_constraint where connamespace = 'rekindle'::regnamespace
union all
select 'function', pg_get_functiondef(oid), proacl::text
  from pg_proc where pronamespace = 'rekindle'::regnamespace
union all
select 'trigger', pg_get_triggerdef(oid), tgname
  from pg_trigger where tgrelid::regclass::text like 'rekindle.%' and not tgisinternal
union all
select 'policy', format('%s %s %s', tablename, policyname, roles), format('%s %s', qual, with_check)
  from pg_policies where schemaname = 'rekindle'
union all
select 'schema', nspname, nspacl::text from pg_namespace where nspname = 'rekindle'
union all
select 'migration', version, name from rekindle.schema_migration
order by 1, 2, 3
"""


async def made(connection: psycopg.AsyncConnection) -> list[object]:
    return await (await connection.execute(MADE.encode())).fetchall()


def each_statement(migration: Migration) -> Iterator[str]:
    """The file's statements, one by one: what a tool without transactions sends."""
    lines: list[str] = []
    for line in migration.text.splitlines():
        lines.append(line)
        whole = "\n".join(lines)
        if line.partition("--")[0].rstrip().endswith(";") and len(re.findall(r"\$\w*\$", whole)) % 2 == 0:
            yield whole
            lines = []
    assert not lines


STATEMENTS = [text for migration in migrations() for text in each_statement(migration)]


async def test_a_tool_without_transactions_may_run_the_files_and_run_them_again(
    empty: psycopg.AsyncConnection, database_url: str
) -> None:
    for text in STATEMENTS * 2:
        await empty.execute(text.encode())
    async with await psycopg.AsyncConnection.connect(database_url, row_factory=dict_row) as migrated:
        assert await made(empty) == await made(migrated)


@pytest.mark.parametrize("through", [1, 5, len(STATEMENTS) // 3, len(STATEMENTS) // 2, len(STATEMENTS) - 1])
async def test_a_migration_left_half_done_by_a_tool_without_transactions_is_completed(
    empty_url: str, empty: psycopg.AsyncConnection, database_url: str, through: int
) -> None:
    for text in STATEMENTS[:through]:
        await empty.execute(text.encode())
    assert (await migrate(empty_url)).ran
    async with await psycopg.AsyncConnection.connect(database_url, row_factory=dict_row) as migrated:
        assert await made(empty) == await made(migrated)


async def test_files_that_are_run_again_keep_the_rows_of_the_tables(
    database_url: str, sql: psycopg.AsyncConnection
) -> None:
    await sql.execute("insert into rekindle.switch (turned, reason) values ('off', 'kept')")
    before = await made(sql)
    for _ in range(2):
        for migration in migrations():
            await sql.execute(migration.text)
    assert await made(sql) == before
    assert await value_of(sql, "select reason from rekindle.switch") == "kept"
    assert (await migrate(database_url)).ran == ()


CONCURRENTLY = "create {unique} index concurrently if not exists later_idx on rekindle.switch (switched_by);\n"


def later(folder: Path, *, unique: bool = False) -> Path:
    """A folder with every migration and one more, between two others, that cannot run in a
    transaction."""
    for migration in migrations():
        (folder / f"{migration.version}_{migration.name}.sql").write_text(migration.text)
    (folder / "29990101000000_before.sql").write_text(
        "do $$ begin lock table rekindle.schema_migration in share row exclusive mode; end $$;\n"
        "insert into rekindle.switch (turned, switched_by) values ('off', 'one'), ('on', 'one');\n"
        "insert into rekindle.schema_migration (version, name) values ('29990101000000', 'before')"
        " on conflict do nothing;\n"
    )
    (folder / "29990101000001_later.sql").write_text(
        "-- transaction: none\n" + CONCURRENTLY.format(unique="unique" if unique else "")
    )
    (folder / "29990101000002_after.sql").write_text(
        "insert into rekindle.schema_migration (version, name) values ('29990101000002', 'after')"
        " on conflict do nothing;\n"
    )
    return folder


VALID = (
    "select coalesce(bool_and(indisvalid), false) as valid from pg_index"
    " where indexrelid = to_regclass('rekindle.later_idx')"
)


async def test_a_migration_may_run_outside_a_transaction(
    empty_url: str, empty: psycopg.AsyncConnection, tmp_path: Path
) -> None:
    folder = later(tmp_path)
    everything = migrations(folder)
    assert [one.alone for one in everything[-3:]] == [False, True, False]
    assert (await migrate(empty_url, folder=folder, dry_run=True)).ran == tuple(everything)
    assert await value_of(empty, "select count(*) from pg_namespace where nspname = 'rekindle'") == 0
    assert (await migrate(empty_url, folder=folder)).ran == tuple(everything)
    assert await value_of(empty, VALID) is True
    assert (await migrate(empty_url, folder=folder)).ran == ()
    cursor = await empty.execute("select version, sha256 from rekindle.schema_migration order by 1")
    assert [(row["version"], row["sha256"]) for row in await cursor.fetchall()] == [
        (one.version, one.sha256) for one in everything
    ]


async def test_several_runners_at_once_share_a_migration_outside_a_transaction(
    empty_url: str, empty: psycopg.AsyncConnection, tmp_path: Path
) -> None:
    folder = later(tmp_path)
    async with asyncio.timeout(60):  # two that wait for each other would wait for ever
        done = await asyncio.gather(*(migrate(empty_url, folder=folder) for _ in range(6)))
    assert sorted(one.version for of_one in done for one in of_one.ran) == [one.version for one in migrations(folder)]
    assert await value_of(empty, VALID) is True


async def test_a_migration_that_failed_outside_a_transaction_is_run_again(
    empty_url: str, empty: psycopg.AsyncConnection, tmp_path: Path
) -> None:
    folder = later(tmp_path, unique=True)
    with pytest.raises(DatabaseError, match="could not create unique index"):
        await migrate(empty_url, folder=folder)
    assert await value_of(empty, "select max(version) from rekindle.schema_migration") == "29990101000000"
    assert await value_of(empty, VALID) is False
    await empty.execute("delete from rekindle.switch")
    assert [one.name for one in (await migrate(empty_url, folder=folder)).ran] == ["later", "after"]
    assert await value_of(empty, VALID) is True


UNSAFE = {
    "columns_of", "is_zone", "first_zone", "this_installation",  # measured: their exception block fails in a worker
    "refuse", "recount",  # triggers
    "signature",  # part of what writes
    "new_claim_id", "backed_off_until", "ended", "reached", "sent", "next_at",  # parts of what is never parallel
    "renamed",  # it is called once per statement
    "at",  # it reads a setting of the transaction
}  # fmt: skip


@pytest.mark.usefixtures("database_url")
async def test_the_functions_that_a_parallel_worker_may_run_do_run_in_one(sql: psycopg.AsyncConnection) -> None:
    cursor = await sql.execute("select proname, proparallel from pg_proc where pronamespace = 'rekindle'::regnamespace")
    rows = await cursor.fetchall()
    assert {row["proname"] for row in rows if row["proparallel"] != "s"} == UNSAFE
    version = await value_of(sql, "select current_setting('server_version_num')::int")
    setting = "debug_parallel_query" if version >= 160_000 else "force_parallel_mode"
    await sql.execute("create table public.person as select gen_random_uuid() as id, now() as seen_at, 'UTC' as zone")
    async with sql.transaction():
        await sql.execute(f"set local {setting} = on; set local parallel_setup_cost = 0".encode())
        cursor = await sql.execute(f"explain (analyze, format json) {CALLS}".encode())
        plan = str(await cursor.fetchone())
        assert "'Single Copy': True" in plan or "'Workers Launched': 1" in plan, plan
    called = set(re.findall(r"rekindle\.(\w+)\(", CALLS))
    assert {row["proname"] for row in rows} - UNSAFE == called


CALLS = """
select rekindle.calendar_day(seen_at::date), rekindle.yearly(seen_at::date, 1, 'mar-1'),
       rekindle.next_yearly(seen_at::date, seen_at::date, 'feb-28'), rekindle.day_of(seen_at::date::text, zone),
       rekindle.clock(), rekindle.idempotency_key(id, 's', seen_at::date), rekindle.device_id('token', zone),
       rekindle.back_at(seen_at, seen_at, 60, zone), rekindle.back_at(seen_at::date, seen_at, 60, zone),
       rekindle.back_at(seen_at::timestamp, seen_at, 60, zone), rekindle.bucket('salt', '*', id::text),
       rekindle.is_quiet(seen_at, zone, '22:00', '07:00'), rekindle.is_weekday(seen_at, zone, '{1}'),
       rekindle.opens_at(seen_at, zone, '22:00', '07:00', '{1}'), rekindle.local_day(seen_at, zone),
       rekindle.local_day(seen_at::date, zone), rekindle.local_day(seen_at::timestamp, zone),
       rekindle.fits(jsonb_build_object(id, 1), 0, '{1}', '{60}', seen_at),
       rekindle.still_counted(jsonb_build_object(id, 1), seen_at),
       rekindle.variant_of(array[null::rekindle.variant], jsonb_build_object(id, 0), id, id),
       rekindle.total(jsonb_build_object(id, 1)), rekindle.readable(jsonb_build_object(id, repeat('x', 2000))),
       rekindle.is_send_hour(seen_at, zone, '09:00', '10:00'), rekindle.first_moment(seen_at::date, '02:30', zone),
       rekindle.is_send_hour_after_change(seen_at, zone, '09:00', '10:00'),
       rekindle.trimmed(zone), rekindle.same_name(zone), rekindle.spellings(zone),
       rekindle.happened(seen_at, seen_at, zone), rekindle.happened(seen_at::date, seen_at, zone),
       rekindle.happened(seen_at::timestamp, seen_at, zone), rekindle.registered_at(seen_at),
       rekindle.registered_at(seen_at::date), rekindle.registered_at(seen_at::timestamp),
       rekindle.happened_by(seen_at), rekindle.happened_by(seen_at::date), rekindle.happened_by(seen_at::timestamp),
       rekindle.stable_uuid('people', zone), rekindle.stable_uuid('people', 7), rekindle.amount(1.5)
from public.person
"""


async def test_a_role_that_may_not_create_a_schema_gets_an_error_that_says_so(server: Server, empty_url: str) -> None:
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
    assert await value_of(sql, "select has_schema_privilege('test_nobody', 'rekindle', 'usage')") is False
    cursor = await sql.execute(
        "select p.oid::regprocedure::text as name from pg_proc p where p.pronamespace = 'rekindle'::regnamespace "
        "and has_function_privilege('test_nobody', p.oid, 'execute')"
    )
    # An index of the team's calls these for everybody who writes to the table.
    assert sorted(row["name"] for row in await cursor.fetchall()) == [
        "rekindle.stable_uuid(text,bigint)", "rekindle.stable_uuid(text,text)"
    ]  # fmt: skip
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
        assert "rekindle migrate" in caught.value.hint


def test_a_migration_fault_never_contains_the_password(empty_url: str) -> None:
    parts = urlsplit(empty_url)
    with pytest.raises(Exception, match="does not answer") as caught:
        asyncio.run(migrate(empty_url.replace(f":{parts.port}/", ":1/")))
    assert parts.password is None or parts.password not in str(caught.value)
