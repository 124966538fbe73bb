"""What `rekindle check` notes about the server, its roles and the ledger."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
import pytest
from psycopg import sql

from conftest import Server, as_worker, one_server
from rekindle.ports import Note
from rekindle.postgres import notes as module
from rekindle.postgres.notes import PostgresNotes
from rekindle.postgres.pool import Database
from team.programme import Programme, open_programme, wanted

server = one_server

ROLES = "anon, authenticated, authenticator"
"""The roles of a REST API. They belong to the whole server, so each test drops them."""


@pytest.fixture
async def programme(server: Server, database_url: str) -> AsyncIterator[Programme]:
    async with open_programme(database_url, ledger_url=as_worker(server, database_url)) as programme:
        for role in ROLES.split(", "):
            await programme.sql.execute(sql.SQL("create role {}").format(sql.Identifier(role)))
        await programme.sql.execute("grant usage on schema team to rekindle_worker")
        await programme.sql.execute("grant select on team.wanted to rekindle_worker")
        yield programme
        await programme.sql.execute(f"drop owned by {ROLES}; drop role {ROLES}".encode())


@asynccontextmanager
async def of_owner(url: str) -> AsyncIterator[PostgresNotes]:
    """The notes, as the tables' owner sees them."""
    database = Database(url, connections=1)
    await database.open()
    try:
        yield PostgresNotes(database)
    finally:
        await database.close()


async def noted(programme: Programme, subject: str) -> list[str]:
    found = await PostgresNotes(programme.database).notes()
    return [one.message for one in found if one.subject == subject]


async def test_a_worker_and_a_new_ledger_deserve_no_note(programme: Programme) -> None:
    await programme.want(*await programme.people(3))
    await programme.claimed_units()
    assert await PostgresNotes(programme.database).notes() == []


async def test_a_login_with_more_than_the_worker_role_is_noted(database_url: str) -> None:
    async with of_owner(database_url) as owner:
        (note,) = [one for one in await owner.notes() if one.subject == "login"]
    assert note.message.endswith(" is a superuser; runs need only the role rekindle_worker")


async def test_a_role_of_the_rest_api_that_may_act_as_the_worker_is_noted(programme: Programme) -> None:
    await programme.sql.execute("grant rekindle_worker to authenticator")
    (note,) = await noted(programme, "worker role")
    assert note.startswith("the role authenticator of the REST API may act as rekindle_worker: revoke rekindle_worker")


SHOWN = {
    "a view over the tokens": ("create view public.shown as select token from rekindle_source.device_token", True),
    "a view over the queue": ("create view public.shown as select target as t from rekindle.outbox", True),
    "a view over another view": (
        """
        create view public.inner_one as select token as t from rekindle_source.device_token;
        create view public.shown as select t from public.inner_one
        """,
        True,
    ),
    "a materialized view": (
        "create materialized view public.shown as select * from rekindle_source.device_token",
        True,
    ),
    "a view without the tokens": (
        "create view public.shown as select user_id from rekindle_source.device_token",
        False,
    ),
    "a view with the caller's rights": (
        "create view public.shown with (security_invoker = true) as select token from rekindle_source.device_token",
        False,
    ),
    "another relation": ("create table public.shown (token text)", False),
}


@pytest.mark.parametrize("name", SHOWN)
async def test_what_shows_device_tokens_to_the_rest_api_is_noted(programme: Programme, name: str) -> None:
    statement, is_noted = SHOWN[name]
    await programme.sql.execute(statement.encode())
    assert await noted(programme, "device tokens") == []
    await programme.sql.execute("grant usage on schema public to anon; grant select on public.shown to anon")
    expected = ["the role anon of the REST API may read device tokens through shown"] if is_noted else []
    assert await noted(programme, "device tokens") == expected


async def test_the_table_behind_the_tokens_is_noted_unless_row_level_security_is_on(programme: Programme) -> None:
    await programme.sql.execute(
        "grant usage on schema team to authenticated; grant select on team.device to authenticated"
    )
    assert await noted(programme, "device tokens") == [
        "the role authenticated of the REST API may read device tokens through team.device"
    ]
    await programme.sql.execute("alter table team.device enable row level security")
    assert await noted(programme, "device tokens") == []


async def test_gates_that_a_wrong_clock_has_shut_are_noted(programme: Programme) -> None:
    await programme.want(*await programme.people(2))
    await programme.claim(wanted())
    assert await noted(programme, "gates") == []
    await programme.sql.execute("update rekindle.gate set next_at = next_at + interval '1 year'")
    (note,) = await noted(programme, "gates")
    assert note.startswith("gates: 2 that stay shut for longer than their cooldown, the last until 20")


async def test_what_keeps_dead_rows_is_noted(
    server: Server, programme: Programme, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = as_worker(server, database_url)
    async with await psycopg.AsyncConnection.connect(url, application_name="a report") as reader:
        await reader.set_isolation_level(psycopg.IsolationLevel.REPEATABLE_READ)
        await reader.execute("select 1")
        assert await noted(programme, "old snapshots") == []
        monkeypatch.setattr(module, "OLD_SNAPSHOT_SECONDS", 0.001)
        (note,) = await noted(programme, "old snapshots")
        holder = f"process {reader.info.backend_pid} (a report)"
        assert note.startswith(f"{holder} has kept the server from removing dead rows since 20")


@pytest.mark.parametrize("table", ["preference", "device"])
async def test_a_large_table_without_an_index_by_person_is_noted(
    programme: Programme, monkeypatch: pytest.MonkeyPatch, table: str
) -> None:
    monkeypatch.setattr(module, "LARGE_ROWS", 2)
    view = "preference" if table == "preference" else "device_token"
    await programme.people(3)
    await programme.sql.execute(
        "insert into team.preference (user_id, scenario_type, opted_out) select user_id, 'x', false from team.person"
    )
    await programme.sql.execute(sql.SQL("analyze team.{}").format(sql.Identifier(table)))
    cursor = await programme.sql.execute(
        "select indexrelid::regclass::text as name from pg_index where indrelid = %s::regclass", [f"team.{table}"]
    )
    indexes = [row["name"] for row in await cursor.fetchall()]
    for name in indexes:
        await programme.sql.execute(
            f"alter table team.{table} drop constraint if exists {name.split('.')[-1]}".encode()
        )
        await programme.sql.execute(f"drop index if exists {name}".encode())
    assert [one for one in await noted(programme, "indexes") if view in one] == [
        f"no index by person serves rekindle_source.{view}: team.{table} has about 3 rows"
    ]
    await programme.sql.execute(f"create index on team.{table} (user_id)".encode())
    assert [one for one in await noted(programme, "indexes") if view in one] == []


async def test_what_cannot_be_looked_at_is_a_note_and_hides_no_other(programme: Programme) -> None:
    await programme.sql.execute("revoke select on rekindle.gate from rekindle_worker")
    await programme.want(*await programme.people(1))
    (note,) = await PostgresNotes(programme.database).notes()
    assert note == Note(
        "gates", "gates could not be looked at: the database role may not do this: permission denied for table gate"
    )
