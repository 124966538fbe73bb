"""Each run keeps which installation it wrote to, and the next one halts on another one."""

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
from rekindle.errors import InstallationNotAdopted
from rekindle.ports import Due, Schedule
from rekindle.postgres import installation
from rekindle.postgres.fleet import PostgresFleet
from rekindle.settings import Settings
from rekindle.testing import ScriptedDispatcher
from team.programme import Programme, open_programme

server = one_server
HERE = "(select system_identifier from rekindle.this_installation())"
LATEST = (
    "insert into rekindle.installation (system_identifier, timeline, database_oid, name, synchronous, seen_at) "
    "select {}, {}, {}, {}, {}, {} from rekindle.this_installation() here"
)


async def latest(
    programme: Programme,
    system: str,
    timeline: int,
    synchronous: str,
    at: str = "now()",
    *,
    database: str = "here.database_oid",
    name: str = "null",
) -> None:
    await programme.sql.execute(LATEST.format(system, timeline, database, name, synchronous, at).encode())


async def test_a_run_keeps_which_server_it_wrote_to_and_the_next_one_finds_it(database_url: str) -> None:
    async with open_programme(database_url) as programme:
        for _ in range(2):
            await programme.run()
        (row,) = await programme.rows("select * from rekindle.installation")
        identity = await programme.rows(
            "select s.system_identifier::text as system_identifier, c.timeline_id from pg_control_system() s,"
            " pg_control_checkpoint() c"
        )
    assert (row["system_identifier"], row["timeline"]) == tuple(identity[0].values())
    assert (row["synchronous"], row["adopted_at"], row["adopted_by"]) == (False, None, None)


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
        with pytest.raises(InstallationNotAdopted):
            await programme.run()
        assert await programme.value("select count(*) from rekindle.run") == 0
        await installation.adopt(programme.database)
        await programme.run()
        assert await programme.value(
            "select bool_and(adopted_by = 'login ' || session_user) from rekindle.installation"
            " where adopted_at is not null"
        )


async def test_a_copy_in_another_database_of_the_server_sends_nothing_until_it_is_adopted(database_url: str) -> None:
    async with open_programme(database_url) as programme:
        await latest(programme, HERE, 1, "true", database="here.database_oid + 1")
        with pytest.raises(InstallationNotAdopted, match="This database is a copy of that one"):
            await programme.run()
        assert await installation.adopted(programme.database) is None
        await installation.adopt(programme.database)
        assert "timeline 1, database " in (await installation.adopted(programme.database) or "")
        await programme.run()


@pytest.mark.parametrize(
    ("ledger", "process", "halts"),
    [
        ("null", None, False),
        ("null", "production", False),
        ("'production'", "production", False),
        pytest.param("'production'", "staging", True, id="another name"),
        pytest.param("'production'", None, True, id="no name"),
    ],
)
async def test_a_process_of_another_installation_sends_nothing_from_a_copy_that_looks_the_same(
    database_url: str, ledger: str, process: str | None, halts: bool
) -> None:
    async with open_programme(database_url) as programme:
        await latest(programme, HERE, 1, "false", name=ledger)
        programme.database.installation = process
        if halts:
            with pytest.raises(InstallationNotAdopted, match="another name in REKINDLE_INSTALLATION") as caught:
                await programme.run()
            assert "production" not in str(caught.value)
            await installation.adopt(programme.database)
        await programme.run()
        row = await programme.rows("select name from rekindle.installation order by seen_at desc limit 1")
        assert row == [{"name": process}]


async def test_a_server_that_does_not_tell_which_one_it_is_gets_a_note_and_its_runs(database_url: str) -> None:
    async with open_programme(database_url) as programme:
        await programme.sql.execute(
            "create or replace function rekindle.this_installation(out system_identifier text, out timeline bigint,"
            " out database_oid bigint, out synchronous boolean) language sql stable"
            " as $$ select '', 0::bigint, 1::bigint, false $$"
        )
        for _ in range(2):
            await programme.run()
        fault, note = await installation.look(programme.database)
    assert fault is None
    assert note is not None
    assert "does not tell" in note


async def test_a_host_that_revoked_the_functions_is_one_that_does_not_tell(sql: psycopg.AsyncConnection) -> None:
    await sql.execute("begin")
    for name in ("pg_control_system()", "pg_walfile_name(pg_lsn)"):
        await sql.execute(f"revoke execute on function pg_catalog.{name} from public".encode())
    await sql.execute("set local role rekindle_worker")
    row = await (await sql.execute("select system_identifier, timeline from rekindle.this_installation()")).fetchone()
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

        with pytest.raises(InstallationNotAdopted):
            await begin()
        await installation.adopt(programme.database)
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
