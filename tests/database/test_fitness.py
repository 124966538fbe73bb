"""A server that cannot keep the promises is refused at the start, before anything is claimed."""

from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from conftest import Server
from rekindle import Engine
from rekindle.engine.run import Limits, run_cycle
from rekindle.errors import DatabaseUnfit, NotMigrated, PermissionMissing, RekindleError
from rekindle.model import Selection
from rekindle.postgres.migrate import migrate
from rekindle.settings import Settings
from rekindle.testing import ScriptedDispatcher


async def open_engine(url: str) -> None:
    settings = Settings.model_validate({"REKINDLE_DATABASE_URL": url})
    async with Engine.open(settings, dispatcher=ScriptedDispatcher()):
        pass


@pytest.fixture
def role_url(server: Server, database_url: str) -> str:
    """The database as a separate role with the worker's rights; a test may change the role's
    settings."""
    server.execute(
        "do $$ begin create role test_unfit login password 'unfit' in role rekindle_worker; "
        "exception when duplicate_object then null; end $$"
    )
    server.execute("alter role test_unfit reset all")
    parts = urlsplit(database_url)
    return urlunsplit(parts._replace(netloc=f"test_unfit:unfit@{parts.hostname}:{parts.port}"))


async def test_a_server_with_its_default_settings_is_accepted(role_url: str) -> None:
    await open_engine(role_url)


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ("default_transaction_read_only = on", "the database is read-only"),
        ("session_replication_role = replica", "session_replication_role is replica"),
    ],
)
async def test_a_role_whose_settings_could_lose_or_break_a_commit_is_refused(
    server: Server, role_url: str, setting: str, says: str
) -> None:
    server.execute(f"alter role test_unfit set {setting}")
    with pytest.raises(DatabaseUnfit, match=f"^RK205: {says}") as fault:
        await open_engine(role_url)
    assert fault.value.hint
    assert fault.value.exit_code == 2
    server.execute("alter role test_unfit reset all")
    await open_engine(role_url)


async def test_check_says_that_a_database_is_read_only_and_everything_else_too(server: Server, role_url: str) -> None:
    server.execute("alter role test_unfit set default_transaction_read_only = on")
    settings = Settings.model_validate({"REKINDLE_DATABASE_URL": role_url})
    async with Engine.open(settings, dispatcher=ScriptedDispatcher(), fit=False) as engine:
        findings = await engine.check()
    server.execute("alter role test_unfit reset all")
    assert [
        (one.fault.code, "supabase.com" in one.fault.hint)
        for one in findings
        if one.subject == "database" and one.fault
    ] == [("RK205", True)]
    assert {"dispatcher", "applied"} <= {one.subject for one in findings}


async def test_each_run_looks_at_the_server_before_it_writes_anything(server: Server, role_url: str) -> None:
    settings = Settings.model_validate({"REKINDLE_DATABASE_URL": role_url})
    async with Engine.open(settings, dispatcher=ScriptedDispatcher()) as engine:
        server.execute("alter role test_unfit set session_replication_role = replica")
        server.execute("select pg_terminate_backend(pid, 5000) from pg_stat_activity where usename = 'test_unfit'")
        with pytest.raises(DatabaseUnfit, match="session_replication_role"):
            await run_cycle(engine.deps, [], Selection(), Limits())
        server.execute("alter role test_unfit reset all")
        server.execute("select pg_terminate_backend(pid, 5000) from pg_stat_activity where usename = 'test_unfit'")
        assert await engine.runs() == []


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1", "EUC_JP"])
async def test_an_encoding_that_lacks_characters_is_refused_by_migrate_and_check(server: Server, encoding: str) -> None:
    url = server.named(f"test_{encoding.lower()}")
    name = urlsplit(url).path[1:]
    server.execute(f"create database {name} encoding '{encoding}' locale 'C' template template0")
    try:
        for dry_run in (True, False):
            with pytest.raises(DatabaseUnfit, match=rf"^RK205: .*{encoding}.*createdb --encoding UTF8"):
                await migrate(url, dry_run=dry_run)
        settings = Settings.model_validate({"REKINDLE_DATABASE_URL": url})
        async with Engine.open(settings, dispatcher=ScriptedDispatcher(), fit=False) as engine:
            found = [one.fault.code for one in await engine.check() if one.fault]
        assert found == ["RK205", "RK203"]
    finally:
        server.drop(url)


async def test_a_database_without_our_tables_is_refused_with_the_command_that_makes_them(server: Server) -> None:
    url = server.clone("template_empty", lambda _: None)
    try:
        with pytest.raises(NotMigrated, match=r"^RK203: .*rekindle migrate"):
            await open_engine(url)
    finally:
        server.drop(url)


async def test_a_database_that_lacks_the_newest_migration_is_refused(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("delete from rekindle.schema_migration where version > '20000101'")
        connection.execute("insert into rekindle.schema_migration (version, name) values ('20000101000000', 'old')")
    with pytest.raises(NotMigrated, match="is at migration 20000101000000"):
        await open_engine(database_url)


async def test_a_role_without_the_workers_rights_is_told_which_role_to_be_granted(
    server: Server, database_url: str
) -> None:
    server.execute(
        "do $$ begin create role test_stranger login password 'stranger'; "
        "exception when duplicate_object then null; end $$"
    )
    parts = urlsplit(database_url)
    url = urlunsplit(parts._replace(netloc=f"test_stranger:stranger@{parts.hostname}:{parts.port}"))
    with pytest.raises(PermissionMissing, match=r"^RK206: .*rekindle_worker"):
        await open_engine(url)


SECRET = "c4nary-pa55word"


@pytest.mark.parametrize(
    "address",
    [
        f"postgresql//user:{SECRET}@127.0.0.1:1/database",
        f"postgresql://user:{SECRET}%zz@127.0.0.1:1/database",
        f"postgresql://user:{SECRET}@127.0.0.1:port/database",
        f"postgresql://user:{SECRET}@[127.0.0.1/database",
        f"postgresql://user:{SECRET}@127.0.0.1:1/database?no_such_option=1",
        f"host=127.0.0.1 password={SECRET} 'port",
        f"{SECRET}",
        f"postgresql://user:{SECRET}@127.0.0.1:1/database",
    ],
)
async def test_an_address_that_cannot_be_used_is_one_fault_without_its_password(address: str) -> None:
    with pytest.raises(RekindleError) as fault:
        await open_engine(address)
    assert fault.value.code == "RK201"
    assert SECRET not in str(fault.value)
    assert SECRET not in repr(fault.value)
