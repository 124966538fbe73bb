"""The rights of rekindle_worker: `check` says which are missing, and `migrate` gives them back."""

import subprocess
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from conftest import SERVERS, SETTINGS, in_memory, one_server
from rekindle import Engine
from rekindle.embedded import EmbeddedPostgres
from rekindle.errors import PermissionMissing
from rekindle.postgres.migrate import migrate, migrations
from rekindle.postgres.rights import granted
from rekindle.settings import Settings
from rekindle.testing import ScriptedDispatcher
from team.tables import tables

server = one_server

ALL_RIGHTS = """
select c.relname::text, '' as column_name, lower(acl.privilege_type)
from pg_class c, aclexplode(c.relacl) acl
where c.relnamespace = 'rekindle'::regnamespace and acl.grantee = 'rekindle_worker'::regrole
union
select c.relname::text, a.attname::text, lower(acl.privilege_type)
from pg_class c join pg_attribute a on a.attrelid = c.oid, aclexplode(a.attacl) acl
where c.relnamespace = 'rekindle'::regnamespace and acl.grantee = 'rekindle_worker'::regrole
"""
GRANTS = (
    "grant usage on schema rekindle_source to rekindle_worker; grant select on all tables in schema rekindle_source"
)


async def findings(url: str) -> list[tuple[str, str | None, bool]]:
    settings = Settings.model_validate({"REKINDLE_DATABASE_URL": url})
    async with Engine.open(settings, dispatcher=ScriptedDispatcher(), fit=False) as engine:
        return [(one.message, one.fault and one.fault.code, one.note) for one in await engine.check()]


def test_the_rights_that_are_looked_for_are_those_that_the_migrations_gave(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        given = connection.execute(ALL_RIGHTS).fetchall()
    assert granted(one.text for one in migrations()) == sorted(given)
    assert len(given) > 60


@pytest.mark.parametrize(
    ("lost", "named"),
    [
        ("revoke usage on schema rekindle from rekindle_worker", "usage of schema rekindle"),
        ("revoke insert on rekindle.outbox from rekindle_worker", "insert on rekindle.outbox"),
        ("revoke update (next_at) on rekindle.gate from rekindle_worker", "update on rekindle.gate (next_at)"),
        ("revoke all on rekindle.run from rekindle_worker", "select on rekindle.run"),
        ("drop policy worker on rekindle.cap", "the policy of rekindle.cap"),
        ("alter table rekindle.cap disable row level security", "row level security of rekindle.cap"),
        ("revoke execute on function rekindle.clock() from rekindle_worker", "execute on rekindle.clock()"),
        (
            "grant execute on function rekindle.clock() to public",
            "that only roles with a right may call rekindle.clock()",
        ),
    ],
)
async def test_a_right_that_was_lost_is_named_and_given_back(database_url: str, lost: str, named: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(lost.encode())
    assert any(code == "RK206" and named in message for message, code, _ in await findings(database_url))
    planned = await migrate(database_url, dry_run=True)
    assert (planned.ran, named in planned.repaired) == ((), True)
    done = await migrate(database_url)
    assert (done.ran, done.repaired) == ((), planned.repaired)
    assert not any(code == "RK206" and named in message for message, code, _ in await findings(database_url))
    assert (await migrate(database_url)).repaired == ()


async def test_a_dump_that_is_restored_into_a_server_without_the_role_works_after_migrate(
    database_url: str, tmp_path: Path
) -> None:
    binaries = SERVERS[min(SERVERS)]
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(tables().encode())
    dump = tmp_path / "dump.sql"
    subprocess.run([binaries.folder / "pg_dump", "--file", dump, database_url], check=True)
    with in_memory(), EmbeddedPostgres(binaries=binaries, settings=SETTINGS) as another:
        subprocess.run(
            [binaries.folder / "psql", "--quiet", "--no-psqlrc", "--file", dump, another.url],
            check=True,
            capture_output=True,
        )
        before = await findings(another.url)
        (missing,) = [message for message, code, _ in before if code == "RK206"]
        assert "the role rekindle_worker" in missing

        done = await migrate(another.url)
        assert done.ran == ()
        assert "the role rekindle_worker" in done.repaired
        after = await findings(another.url)
        assert [message for message, code, _ in after if code == "RK206"] == []
        (note,) = [message for message, _, noted in after if noted and "rekindle_worker may not read" in message]
        assert "the grants of source.sql" in note

        with psycopg.connect(another.url, autocommit=True) as owner:
            owner.execute("create role app login password 'app'")
            parts = urlsplit(another.url)
            app = urlunsplit(parts._replace(netloc=f"app:app@{parts.hostname}:{parts.port}"))
            assert [code for _, code, _ in await findings(app)] == ["RK206"]
            owner.execute("grant rekindle_worker to app")
            assert "RK206" in [code for _, code, _ in await findings(app)]  # the grants of source.sql are missing
            owner.execute(f"{GRANTS} to rekindle_worker".encode())
        assert [code for _, code, _ in await findings(app) if code] == []
        settings = Settings.model_validate({"REKINDLE_DATABASE_URL": app})
        async with Engine.open(settings, dispatcher=ScriptedDispatcher()) as engine:
            assert await engine.runs() == []


async def test_a_login_without_the_role_is_told_what_helps(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(
            "do $$ begin create role test_stranger login password 'stranger'; "
            "exception when duplicate_object then null; end $$"
        )
    parts = urlsplit(database_url)
    url = urlunsplit(parts._replace(netloc=f"test_stranger:stranger@{parts.hostname}:{parts.port}"))
    settings = Settings.model_validate({"REKINDLE_DATABASE_URL": url})
    with pytest.raises(PermissionMissing, match=r"rekindle migrate.*grant rekindle_worker to this role"):
        async with Engine.open(settings, dispatcher=ScriptedDispatcher()):
            pass
