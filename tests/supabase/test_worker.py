"""The login of the guide: all of Rekindle works with it, and nothing else does."""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg
import pytest
from psycopg import errors

from acceptance.audit import audit
from acceptance.command import Command
from rekindle import Engine
from rekindle.configuration import load_config
from rekindle.errors import SchemaExposed
from rekindle.sandbox import Sandbox
from rekindle.settings import Settings
from rekindle.testing import ScriptedDispatcher
from supabase.conftest import EXAMPLE, LEDGER, Project, one_supabase

supabase = one_supabase

DUE = {f"phone-of-{n}" for n in range(7, 41) if n % 4} | {f"tablet-of-{n}" for n in (10, 15, 25, 30, 35, 40)}
"""The devices of the people that the seed makes inactive for 14 days or more."""
OWN_QUERY = """
[scenario.quiet_week]
kind = "sql"
query = "select user_id, 'once' as occurrence, '{}'::jsonb as variables from rekindle_source.recipient"
cooldown = "1d"
priority = 90
[scenario.quiet_week.message.en]
title = "Hello"
body = "There"
"""


def test_the_login_is_neither_superuser_nor_above_row_level_security_nor_a_role_of_the_api(project: Project) -> None:
    rows = project.rows(
        "select r.rolsuper or r.rolbypassrls or r.rolcreaterole or r.rolcreatedb or r.rolreplication, "
        "array(select m.roleid::regrole::text from pg_auth_members m where m.member = r.oid) "
        "from pg_roles r where r.rolname = 'rekindle_login'"
    )
    assert rows == [(False, ["rekindle_worker"])]


def test_every_command_works_as_this_login_and_a_cycle_sends_everyone_who_is_due_one_push(
    rekindle: Command, project: Project, fcm: Sandbox
) -> None:
    with (rekindle.folder / "rekindle.toml").open("a") as config:
        config.write(OWN_QUERY.replace('cooldown = "1d"', 'cooldown = "1d"\nenabled = false'))
    check = rekindle("check", "--json")
    assert check.code == 0, check
    shown = [one["message"] for one in check.json()]
    assert "the REST API exposes neither rekindle nor rekindle_source" in shown
    assert "rekindle_source.recipient has the right columns" in shown
    assert rekindle("apply").code == 0
    assert rekindle("plan").code == 0
    assert rekindle("run", "--dry-run").code == 0
    explained = rekindle("explain", "0c000000-0000-4000-8000-000000000015")
    assert (explained.code, explained.err) == (0, "")
    assert fcm.messages() == []
    run = rekindle("run")
    assert (run.code, run.err) == (0, ""), run
    reached = Counter(
        sent["target"] for sent in fcm.messages() if sent["message"]["data"]["scenario_type"] == "inactivity"
    )
    assert reached == Counter(dict.fromkeys(DUE, 1))
    audit(project, fcm)
    assert rekindle("run").code == 0
    assert {"scenarios", "runs"} == {name for name in ("scenarios", "runs") if rekindle(name).code == 0}
    assert rekindle("unknown", "list").code == 0
    assert rekindle("switch", "off", "--scenario", "milestone", "--reason", "test").code == 0
    audit(project, fcm)


def test_a_scenario_of_kind_sql_needs_no_more_even_if_the_public_may_not_create_temporary_tables(
    rekindle: Command, project: Project, fcm: Sandbox
) -> None:
    project.script(
        "do $$ begin execute format('revoke all on database %I from public', current_database());"
        # A clone has the tables of its template and not the rights on the database: what the
        # migration grants.
        " execute format('grant connect, temporary on database %I to rekindle_worker', current_database()); end $$"
    )
    config = rekindle.folder / "rekindle.toml"
    text = config.read_text()
    assert "caps = []" in text
    config.write_text(text.replace("caps = []", 'caps = ["1 per 1d"]') + OWN_QUERY)
    assert rekindle("apply").code == 0
    run = rekindle("run")
    assert (run.code, run.err) == (0, ""), run
    assert "quiet_week" in {sent["message"]["data"]["scenario_type"] for sent in fcm.messages()}
    audit(project, fcm)


def test_the_migration_itself_gives_the_worker_the_rights_on_the_database(app: Project) -> None:
    for path in LEDGER:
        app.run_file(path)
    [(granted,)] = app.rows("select datacl::text from pg_database where datname = current_database()")
    assert "rekindle_worker=Tc/postgres" in str(granted)


FORBIDDEN = [
    "select from auth.users",
    "select from public.profiles",
    "select from public.memberships",
    "select from public.activity_log",
    "select from public.certificates",
    "select from public.push_tokens",
    "select from public.notification_settings",
    "select from private.coordinated_organisations()",
    "select from rekindle_source.coordinated_organisations()",
    "select from public.rekindle_notification",
    "insert into public.push_tokens (fcm_token, profile_id, os) values ('mine', gen_random_uuid(), 'web')",
    "update public.profiles set full_name = 'x'",
    "delete from auth.users",
    "delete from rekindle_source.device_token",
    "update rekindle_source.organisation set name = 'x'",
    "create table public.mine (n int)",
    "create table rekindle.mine (n int)",
    "create view rekindle_source.mine as select 1",
    "create schema mine",
    "create role mine",
    "set role postgres",
    "set role service_role",
    "set role authenticated",
    "alter table rekindle.gate disable row level security",
    "alter role rekindle_login bypassrls",
    "update rekindle.scenario_notification set dispatched_at = now()",
    "update rekindle.delivery set provider_name = 'x'",
    "drop policy worker on rekindle.gate",
    "truncate rekindle.outbox",
    "copy rekindle_source.device_token to program 'cat'",
    "select pg_read_file('postgresql.conf')",
]


def test_the_login_may_not_do_anything_else(project: Project) -> None:
    allowed: list[str] = []
    with psycopg.connect(project.worker_url, autocommit=True) as connection:
        for statement in FORBIDDEN:
            # A view that is not updatable is refused with that error.
            with suppress(errors.InsufficientPrivilege, errors.ObjectNotInPrerequisiteState):
                connection.execute(statement.encode())
                allowed.append(statement)
    assert allowed == []


def test_the_login_reads_rows_through_the_views_that_no_policy_would_show_it(project: Project) -> None:
    activities = sum(n % 12 + 1 for n in range(1, 41))
    with psycopg.connect(project.worker_url) as connection:
        for view, rows in (("recipient", 40), ("activity", activities), ("device_token", 38), ("organisation", 2)):
            cursor = connection.execute(f"select count(*) from rekindle_source.{view}".encode())
            assert cursor.fetchone() == (rows,), view


@pytest.mark.parametrize(
    ("view", "table", "of_others"),
    [("device_token", "push_tokens", set[str]()), ("activity", "activity_log", {"expiry"})],
)
def test_a_view_over_a_table_that_it_may_not_read_stops_the_scenarios_that_read_it_and_nothing_is_lost(
    rekindle: Command, project: Project, fcm: Sandbox, view: str, table: str, of_others: set[str]
) -> None:
    assert rekindle("apply").code == 0
    # The view reads with the rights of its reader, as Supabase's linter advises for views in
    # general.
    project.script(f"alter view rekindle_source.{view} set (security_invoker = true)")
    refused = f"the database role may not do this: permission denied for table {table}"
    run = rekindle("run", "--json")
    report = run.json()
    assert (run.code, report["status"]) == (2, "halted")
    assert report["halted_by"].startswith(f"RK206: {refused}. ")
    said = [json.loads(line) for line in run.err.splitlines()]
    failed = [line for line in said if line["event"] != "look_back.failed"]
    assert {(one["event"], one["code"], one["error"]) for one in failed} == {("scenario.failed", "RK206", refused)}
    stopped = {"inactivity", "milestone", "expiry"} - of_others
    assert sorted(one["scenario"] for one in failed) == sorted(stopped)
    check = rekindle("check", "--json")
    assert check.code == 2
    [wrong] = [one for one in check.json() if not one["ok"]]
    assert wrong["code"] == "RK206"
    assert wrong["message"] == (f"this role may not read rekindle_source.{view}: permission denied for table {table}")
    assert "security_invoker" in wrong["hint"]
    assert {sent["message"]["data"]["scenario_type"] for sent in fcm.messages()} == of_others
    project.script(f"alter view rekindle_source.{view} reset (security_invoker)")
    assert rekindle("run").code == 0
    assert {sent["target"] for sent in fcm.messages()} >= DUE
    audit(project, fcm)


def test_a_view_that_calls_a_function_which_it_may_not_call_is_named_by_check(
    rekindle: Command, project: Project
) -> None:
    project.script(
        "create function private.hashed(token text) returns text language plpgsql as 'begin return md5(token); end';"
        "revoke execute on function private.hashed(text) from public;"
        "create or replace view rekindle_source.device_token as"
        "  select profile_id as user_id, private.hashed(fcm_token) as token, 'token'::text as target_kind,"
        "  os as platform, updated_at as last_registered_at from public.push_tokens"
    )
    check = rekindle("check", "--json")
    [wrong] = [one for one in check.json() if not one["ok"]]
    assert (check.code, wrong["code"]) == (2, "RK206")
    assert wrong["message"] == (
        "this role may not read rekindle_source.device_token: permission denied for function hashed"
    )


def test_a_view_whose_owner_row_level_security_applies_to_is_noted(rekindle: Command, project: Project) -> None:
    with psycopg.connect(project.admin_url, autocommit=True) as connection:
        connection.execute(
            "do $$ begin create role viewer; exception when duplicate_object then null; end $$;"
            "grant usage, create on schema rekindle_source to viewer; grant select on public.push_tokens to viewer;"
            "alter view rekindle_source.device_token owner to viewer"
        )
    check = rekindle("check", "--json")
    [noted] = [one for one in check.json() if one["subject"] == "device_token"]
    assert (check.code, noted["note"]) == (0, True)
    assert noted["message"].startswith("row level security decides what rekindle_source.device_token shows: ")
    assert '"push_tokens"' in noted["message"]


DOORS = {
    "the list of the API's role": ("alter role authenticator set pgrst.db_schemas = 'public, {}'", "pgrst.db_schemas"),
    "the list for this database": (
        (
            "do $$ begin execute format('alter database %I set pgrst.db_schemas = '' \"{}\" , public''', "
            "current_database());"
            " end $$"
        ),
        "pgrst.db_schemas",
    ),
    "a right to use it": ("grant usage on schema {} to anon", "anon"),
    "everybody's right to use it": ("grant usage on schema {} to public", "anon, authenticated"),
}


@contextmanager
def api_role_restored(project: Project) -> Iterator[None]:
    """Remove the role's list afterwards, because the role belongs to the whole server."""
    try:
        yield
    finally:
        with psycopg.connect(project.admin_url, autocommit=True) as connection:
            connection.execute("alter role authenticator reset pgrst.db_schemas")


@pytest.mark.parametrize("opened", DOORS)
async def test_check_and_apply_refuse_a_schema_that_is_open_to_the_api(project: Project, opened: str) -> None:
    statement, through = DOORS[opened]
    settings = Settings.model_validate({"REKINDLE_DATABASE_URL": project.worker_url})
    config = load_config(EXAMPLE / "rekindle.toml")
    async with Engine.open(settings, config, dispatcher=ScriptedDispatcher()) as engine:
        with api_role_restored(project), psycopg.connect(project.admin_url, autocommit=True) as connection:
            listed = "alter role authenticator set pgrst.db_schemas = 'public, rekindle_source_of'"
            connection.execute(listed.encode())
            assert [finding for finding in await engine.check() if finding.fault] == []
            for schema in ("rekindle", "rekindle_source"):
                connection.execute(statement.format(schema).encode())
                [wrong] = [
                    finding for finding in await engine.check() if finding.fault and schema in finding.message.split()
                ]
                assert (wrong.fault.code, wrong.message) == (
                    "RK210",
                    f"schema {schema} is open to the REST API, through {through}",
                )
                assert wrong.fault.hint
                with pytest.raises(SchemaExposed):
                    await engine.apply()
            assert await engine.scenarios() == []
