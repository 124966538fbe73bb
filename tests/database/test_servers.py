"""Each run keeps which server it wrote to, and the next one halts on another server."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx
import psycopg
import pytest

from conftest import one_server
from rekindle import Engine
from rekindle.api.app import routes
from rekindle.api.runs import Runs
from rekindle.errors import ServerNotConfirmed
from rekindle.ports import Due, Schedule
from rekindle.postgres import servers
from rekindle.postgres.fleet import PostgresFleet
from rekindle.settings import Settings
from rekindle.testing import ScriptedDispatcher
from team.programme import Programme, open_programme

server = one_server
HERE = "(select system_identifier from rekindle.this_server())"
LATEST = "insert into rekindle.server (system_identifier, timeline, synchronous, seen_at) values ({}, {}, {}, {})"


async def latest(programme: Programme, system: str, timeline: int, synchronous: str, at: str = "now()") -> None:
    await programme.sql.execute(LATEST.format(system, timeline, synchronous, at).encode())


async def test_a_run_keeps_which_server_it_wrote_to_and_the_next_one_finds_it(database_url: str) -> None:
    async with open_programme(database_url) as programme:
        for _ in range(2):
            await programme.run()
        (row,) = await programme.rows("select * from rekindle.server")
        identity = await programme.rows(
            "select s.system_identifier::text as system_identifier, c.timeline_id from pg_control_system() s,"
            " pg_control_checkpoint() c"
        )
    assert (row["system_identifier"], row["timeline"]) == tuple(identity[0].values())
    assert (row["synchronous"], row["confirmed_at"], row["confirmed_by"]) == (False, None, None)


@pytest.mark.parametrize(
    ("system", "timeline", "synchronous", "halts"),
    [
        pytest.param(HERE, 1, "false", False, id="the same"),
        pytest.param(HERE, 7, "false", True, id="promoted"),  # or a backup restored to a point in time
        pytest.param(HERE, 7, "true", False, id="a synchronous one promoted"),  # it has every commit
        pytest.param("'7'", 1, "false", True, id="a dump restored in another cluster"),
        pytest.param("'7'", 1, "true", True, id="a dump of one with a standby"),
        pytest.param("''", 1, "false", False, id="identifier not told"),
        pytest.param("''", 7, "false", True, id="identifier not told, promoted"),
        pytest.param(HERE, 0, "false", False, id="timeline not told"),
        pytest.param("'7'", 0, "false", True, id="timeline not told, another cluster"),
    ],
)
async def test_a_run_halts_on_a_server_that_may_lack_what_the_latest_run_committed(
    database_url: str, system: str, timeline: int, synchronous: str, halts: bool
) -> None:
    async with open_programme(database_url) as programme:
        await latest(programme, "'8'", 8, "false", "now() - interval '1 day'")  # the latest one decides
        await latest(programme, system, timeline, synchronous)
        if not halts:
            await programme.run()
            return
        with pytest.raises(ServerNotConfirmed):
            await programme.run()
        assert await programme.value("select count(*) from rekindle.run") == 0
        await servers.confirm(programme.database)
        await programme.run()
        assert await programme.value(
            "select bool_and(confirmed_by = 'login ' || session_user) from rekindle.server"
            " where confirmed_at is not null"
        )


async def test_a_server_that_does_not_tell_which_one_it_is_gets_a_note_and_its_runs(database_url: str) -> None:
    async with open_programme(database_url) as programme:
        await programme.sql.execute(
            "create or replace function rekindle.this_server(out system_identifier text, out timeline bigint,"
            " out synchronous boolean) language sql stable as $$ select '', 0::bigint, false $$"
        )
        for _ in range(2):
            await programme.run()
        fault, note = await servers.look(programme.database)
    assert fault is None
    assert note is not None
    assert "does not tell" in note


async def test_a_host_that_revoked_the_functions_is_one_that_does_not_tell(sql: psycopg.AsyncConnection) -> None:
    await sql.execute("begin")
    for name in ("pg_control_system()", "pg_walfile_name(pg_lsn)"):
        await sql.execute(f"revoke execute on function pg_catalog.{name} from public".encode())
    await sql.execute("set local role rekindle_worker")
    row = await (await sql.execute("select system_identifier, timeline from rekindle.this_server()")).fetchone()
    await sql.execute("rollback")
    assert row == {"system_identifier": "", "timeline": 0}


async def test_an_instant_of_a_schedule_stays_due_until_the_server_is_confirmed(database_url: str) -> None:
    at = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
    before = at - timedelta(days=1)
    due = [Due(Schedule("nudge", "0 9 * * *", "UTC", before, before, at, 0), at, 0)]
    async with open_programme(database_url) as programme:
        await latest(programme, HERE, 7, "false")
        await programme.sql.execute(
            "insert into rekindle.schedule (scenario_type, cron, timezone, since, last_at)"
            " values ('nudge', '0 9 * * *', 'UTC', %s, %s)",
            [before, before],
        )
        fleet = PostgresFleet(programme.database)

        async def begin() -> object:
            return await fleet.begin(due, at=at, run_id=uuid4(), budget_seconds=5, dispatcher="log")

        with pytest.raises(ServerNotConfirmed):
            await begin()
        await servers.confirm(programme.database)
        assert await begin() is not None


async def test_the_api_answers_with_the_code_and_is_not_ready(database_url: str) -> None:
    async with open_programme(database_url) as programme:
        await latest(programme, HERE, 7, "false")
    settings = Settings.model_validate({"REKINDLE_DATABASE_URL": database_url})
    async with Engine.open(settings, dispatcher=ScriptedDispatcher()) as engine:
        app = routes(engine, Runs(engine, at_once=1, stop=asyncio.Event()), docs=True)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client:
            ready = await client.get("/v1/ready")
    assert (ready.status_code, ready.json()["code"]) == (503, "RK211")
