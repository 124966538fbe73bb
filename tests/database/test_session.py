"""The session is ours: no setting of a role, a database or a PG* variable changes what a run
does."""

import re
from collections.abc import AsyncIterator, Generator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from conftest import Server
from rekindle import Engine
from rekindle.model import Candidate
from rekindle.postgres.migrate import migrate
from rekindle.postgres.pool import Database
from rekindle.scenario import Config
from rekindle.settings import Settings
from rekindle.testing import ScriptedDispatcher
from team.programme import TEXT
from team.tables import tables

SESSION = Path(__file__).parents[2] / "src/rekindle/postgres/sql/session.sql"
PINS = dict(re.findall(r"^  \('([\w.]+)', (.+?)\),?(?=\s|$)", SESSION.read_text(encoding="utf-8"), re.MULTILINE))

HOSTILE = {
    "statement_timeout": "'700ms'",
    "idle_in_transaction_session_timeout": "'700ms'",
    "transaction_timeout": "'700ms'",
    "lock_timeout": "'1ms'",
    "synchronous_commit": "off",
    "TimeZone": "'Asia/Tokyo'",
    "timezone_abbreviations": "'Australia'",
    "DateStyle": "'German'",
    "IntervalStyle": "'sql_standard'",
    "client_encoding": "'LATIN1'",
    "search_path": "'hostile, pg_catalog'",
    "default_text_search_config": "'pg_catalog.german'",
    "extra_float_digits": "-15",
    "bytea_output": "'escape'",
    "xmlbinary": "'hex'",
    "xmloption": "'document'",
    "lc_monetary": "'C.UTF-8'",
    "lc_numeric": "'C.UTF-8'",
    "lc_time": "'C.UTF-8'",
    "array_nulls": "off",
    "transform_null_equals": "on",
    "standard_conforming_strings": "off",
    "backslash_quote": "on",
    "escape_string_warning": "off",
    "quote_all_identifiers": "on",
    "row_security": "off",
    "gin_fuzzy_search_limit": "1",
    "restrict_nonsystem_relation_kind": "'view'",
    "debug_parallel_query": "on",
    "force_parallel_mode": "on",
    "exit_on_error": "on",
    "client_min_messages": "'debug5'",
    "check_function_bodies": "off",
    "default_table_access_method": "''",  # nothing but heap is here; see LEFT
    "plpgsql.extra_errors": "'all'",
}
# Settings that are no pins because BEGIN or the connection's parameters decide them.
OTHERS = {
    "default_transaction_isolation": "'serializable'",
    "default_transaction_deferrable": "on",
    "application_name": "'hostile'",
    "idle_session_timeout": "'700ms'",
    "log_parameter_max_length_on_error": "-1",
    "plan_cache_mode": "'force_generic_plan'",
    "default_statistics_target": "1",
    "work_mem": "'64kB'",
}
NEUTRAL = " ".join(
    f"-c {pin}"
    for pin in (
        "timezone=UTC", "datestyle=ISO", "client_encoding=UTF8", "search_path=public", "statement_timeout=0",
        "standard_conforming_strings=on", "quote_all_identifiers=off",
    )
)  # fmt: skip
"""The settings of the test's connection, whatever those of the database are."""
LEFT = {"default_table_access_method"}
VARIABLES = {
    "PGTZ": "America/New_York",
    "PGDATESTYLE": "SQL, DMY",
    "PGCLIENTENCODING": "LATIN1",
    "PGAPPNAME": "hostile",
    "PGOPTIONS": "-c timezone=Asia/Seoul -c search_path=hostile -c default_transaction_read_only=on",
}

# Each value of this query depends on a setting.
QUERY = """
select p.user_id, 'at ' || timestamptz '2026-03-01 23:30:00+00' as occurrence,
       jsonb_build_object(
         'moment', (timestamptz '2026-03-01 23:30:00+00')::text,
         'day', (timestamptz '2026-03-01 23:30:00+00')::date::text,
         'read', ('01/02/2026'::text)::date::text, 'span', (interval '1 day 2 hours')::text,
         'number', (0.1::float8 + 0.2)::text, 'bytes', ('ab'::text)::bytea::text, 'array', ('{NULL}'::text)::text[],
         'null', p.timezone = null, 'words', to_tsvector('the houses')::text,
         'month', to_char(date '2026-03-01', 'TMMonth'),
         'slash', E'a\\\\b' || 'c\\d', 'name', format_type('rekindle.gate'::regtype, null),
         'found', (select count(*) from person_of_public)) as variables
from team.person p
"""
CONFIG = Config.model_validate(
    {
        "run": {"max_share": "none", "max_times_median": "none"},
        "scenario": {
            "quiet": {
                "kind": "inactivity",
                "after": ["14d"],
                "cooldown": "1d",
                "quiet_hours": "21:00-08:00",
                "message": TEXT,
            },
            "expires": {"kind": "expiry", "before": ["30d"], "cooldown": "1s", "caps": ["9 per 1d"], "message": TEXT},
            "done": {"kind": "milestone", "at": [1], "cooldown": "1d", "message": TEXT},
            "own": {
                "kind": "sql",
                "query": QUERY,
                "cooldown": "1d",
                "message": {
                    "en": {"title": "{moment} {day}", "body": "{read} {span} {number} {bytes} {words} {month} ü"}
                },
            },
        },
    }
)


def login(server: Server, url: str, name: str, *, keep: bool = False) -> str:
    """A login that has the role rekindle_worker, and the default settings unless it keeps its
    own."""
    server.execute(
        f"do $$ begin create role {name} login password 'worker' in role rekindle_worker; "
        "exception when duplicate_object then null; end $$"
    )
    if not keep:
        server.execute(f"alter role {name} reset all")
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{name}:worker@{parts.hostname}:{parts.port}"))


def make_hostile(url: str, role: str) -> list[str]:
    """Change every setting that this server has, for the role and for the database; return their
    names."""
    database = urlsplit(url).path[1:]
    with psycopg.connect(url, autocommit=True) as connection:
        known = {row[0].lower() for row in connection.execute("select name from pg_settings").fetchall()}
        names = [name for name in {**HOSTILE, **OTHERS} if name.lower() in known or "." in name]
        for name in names:
            if name not in LEFT:
                value = {**HOSTILE, **OTHERS}[name]
                connection.execute(f"alter role {role} set {name} = {value}".encode())
                connection.execute(f"alter database {database} set {name} = {value}".encode())
    return names


def test_every_pin_has_a_hostile_value_and_a_reason() -> None:
    assert set(PINS) == set(HOSTILE)
    lines = [line for line in SESSION.read_text(encoding="utf-8").splitlines() if line.startswith("  ('")]
    assert [line for line in lines if "-- " not in line and "_timeout'" not in line] == []


async def test_each_transaction_has_our_settings_whatever_the_role_the_database_and_the_variables_say(
    server: Server, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = login(server, database_url, "test_hostile")
    names = make_hostile(database_url, "test_hostile")
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    expected = {name: value.strip("'") for name, value in PINS.items() if name in names}
    expected |= {
        "statement_timeout": "30s",
        "idle_in_transaction_session_timeout": "10s",
        "restrict_nonsystem_relation_kind": "",
    }
    expected |= {
        "transaction_isolation": "read committed",
        "application_name": "rekindle",
        "transaction_read_only": "off",
    }
    of_the_server = [name for name in expected if name in names or name.startswith("transaction_")]
    database = Database(url, connections=1)
    await database.open()
    try:
        for _ in range(2):
            rows = await database.rows(
                "select name, replace(current_setting(name), '\"', '') as value from unnest(%(names)s::text[]) as name",
                {"names": of_the_server},
            )
            assert {row["name"]: row["value"] for row in rows} == {name: expected[name] for name in of_the_server}
        async with database.reading(timeout_seconds=5) as connection:
            row = await (await connection.execute("show transaction_read_only")).fetchone()
        assert row == {"transaction_read_only": "on"}
    finally:
        await database.close()


async def test_the_stronger_synchronous_commit_of_a_role_is_kept(server: Server, database_url: str) -> None:
    url = login(server, database_url, "test_hostile")
    server.execute("alter role test_hostile set synchronous_commit = remote_apply")
    database = Database(url, connections=1)
    await database.open()
    try:
        assert await database.rows("show synchronous_commit") == [{"synchronous_commit": "remote_apply"}]
    finally:
        await database.close()


async def test_a_database_and_its_whole_cycle_are_the_same_under_hostile_settings(server: Server) -> None:
    urls = [server.clone("template_nothing", lambda _: None) for _ in range(2)]
    server.execute(
        "do $$ begin create role test_owner superuser login password 'worker'; "
        "exception when duplicate_object then null; end $$"
    )
    server.execute("alter role test_owner reset all")
    try:
        plain = await _whole(server, urls[0], "test_plain", hostile=False)
        hostile = await _whole(server, urls[1], "test_hostile", hostile=True)
        later = await _a_day_later(server, urls[0], "test_plain")
    finally:
        server.execute("alter role test_owner reset all")
        for url in urls:
            server.drop(url)
    assert later == {"expires": {"already_notified": 2}}
    for step, result in plain.items():
        assert hostile[step] == result, step
    assert [line for line in plain["check"] if not line[1]] == []
    assert len(plain["sent"]) == 6  # quiet hours keep one scenario back
    own = [text for _, text in plain["sent"] if "2026-03-01" in text]
    assert own[0] == (
        "2026-03-01 23:30:00+00 2026-03-01: 2026-01-02 1 day 02:00:00 0.30000000000000004 \\x6162 "
        "'houses':2 'the':1 March ü"
    )


async def _whole(server: Server, url: str, name: str, *, hostile: bool) -> dict[str, Any]:
    """Migrate, check, plan, explain and run, and return what each of them said."""
    parts = urlsplit(url)
    owner_url = urlunsplit(parts._replace(netloc=f"test_owner:worker@{parts.hostname}:{parts.port}"))
    if hostile:
        make_hostile(url, "test_owner")
    with variables(hostile):
        await migrate(owner_url)
    with psycopg.connect(url, autocommit=True, options=NEUTRAL) as owner:
        owner.execute(tables().encode())
        owner.execute(PEOPLE)
        functions = owner.execute(SHAPE).fetchall()
    worker = login(server, url, name)
    if hostile:
        make_hostile(url, name)
    dispatcher = ScriptedDispatcher()
    settings = Settings.model_validate({"REKINDLE_DATABASE_URL": worker})
    with variables(hostile):
        async with Engine.open(settings, CONFIG, dispatcher=dispatcher) as engine:
            await engine.apply()
            found = [(one.message, one.fault is None) for one in await engine.check()]
            planned = [asdict(step) async for step in _people(engine)]
            (ada,) = {one["user_id"] for one in planned if one["locale"] == "en"}
            explained = repr((await engine.explain(ada)).scenarios)
            report = await engine.run()
            again = await engine.run()
    with psycopg.connect(url, autocommit=True, options=NEUTRAL) as owner:
        kept = owner.execute(
            "select user_id, scenario_type, occurrence, idempotency_key, dispatched_at::text"
            " from rekindle.scenario_notification order by 1, 2"
        ).fetchall()
    return {
        "migrate": functions,
        "check": found,
        "plan": sorted(planned, key=lambda one: (one["scenario_type"], str(one["user_id"]))),
        "explain": explained,
        "run": [asdict(one) for one in (*report.scenarios, *again.scenarios)],
        "kept": kept,
        "sent": sorted((message.target, f"{message.title}: {message.body}") for message in dispatcher.sent),
    }


async def _a_day_later(server: Server, url: str, name: str) -> dict[str, Any]:
    """Run `expires` under hostile settings on the day after a run under plain ones."""
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute(
            "create or replace function rekindle.clock() returns timestamptz language sql volatile as"
            " $$ select timestamptz '2026-03-02 20:30:00+00' $$"
        )
    make_hostile(url, name)
    dispatcher = ScriptedDispatcher()
    settings = Settings.model_validate({"REKINDLE_DATABASE_URL": login(server, url, name, keep=True)})
    with variables(True):
        async with Engine.open(settings, CONFIG, dispatcher=dispatcher) as engine:
            report = await engine.run(scenarios=["expires"])
    assert dispatcher.sent == []
    return {one.scenario_type: dict(one.refusals) for one in report.scenarios}


@contextmanager
def variables(hostile: bool) -> Generator[None]:
    """The variables of this process, if they are to be hostile."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in VARIABLES.items() if hostile else ():
            patch.setenv(name, value)
        yield


async def _people(engine: Engine) -> AsyncIterator[Candidate]:
    async for step in engine.plan():
        if isinstance(step, Candidate):
            yield step


# The view of certificates takes the date of an instant, as a team may write it.
PEOPLE = """
create schema hostile;
create function hostile.set_config(text, text, boolean) returns text language sql as 'select null';
create function hostile.lower(text) returns text language sql as $$ select 'hostile' $$;
create table hostile.person_of_public (one int);
create view public.person_of_public as select * from team.person;
grant usage on schema hostile, team to public;
grant select on all tables in schema hostile, team, public to public;
create or replace function rekindle.clock() returns timestamptz language sql volatile as
  $$ select timestamptz '2026-03-01 20:30:00+00' $$;
insert into team.person values
  ('00000000-0000-4000-8000-000000000001', null, 'Europe/Oslo', 'en', true, 'Zoë 🎉'),
  ('00000000-0000-4000-8000-000000000002', null, null, 'nb', true, null);
insert into team.activity select user_id, '2026-02-09 23:30:00+00' from team.person;
insert into team.device select user_id, 'token-' || user_id from team.person;
create table team.lasts (certification_id uuid, user_id uuid, until timestamptz);
insert into team.lasts select user_id, user_id, '2026-03-21 22:00:00+00' from team.person;
create or replace view rekindle_source.certification as
  select certification_id, user_id, 'First aid'::text as name, until::date as expires_on from team.lasts;
"""
SHAPE = """
select p.proname::text, pg_get_functiondef(p.oid) from pg_proc p
where p.pronamespace = 'rekindle'::regnamespace and p.proname <> 'clock'
union all
select c.relname::text, pg_get_constraintdef(k.oid) from pg_constraint k join pg_class c on c.oid = k.conrelid
where k.connamespace = 'rekindle'::regnamespace
union all
select c.relname::text, pg_get_indexdef(c.oid) from pg_class c
where c.relnamespace = 'rekindle'::regnamespace and c.relkind = 'i'
order by 1, 2
"""
