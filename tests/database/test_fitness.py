"""A server that cannot keep the promises is refused at the start, before anything is claimed."""

from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from conftest import Server
from rekindle import Engine
from rekindle.errors import DatabaseUnfit, NotMigrated, PermissionMissing, RekindleError
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
        ("synchronous_commit = off", "synchronous_commit is off"),
        ("default_transaction_isolation = 'serializable'", "the default isolation level is serializable"),
        ("default_transaction_isolation = 'repeatable read'", "the default isolation level is repeatable read"),
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


@pytest.mark.parametrize("setting", ["on", "local", "remote_write"])
async def test_every_other_synchronous_commit_setting_is_accepted(server: Server, role_url: str, setting: str) -> None:
    server.execute(f"alter role test_unfit set synchronous_commit = {setting}")
    await open_engine(role_url)


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
