"""Without a view of the activities: the same evaluation by a function that runs with its owner's
rights."""

import json

import psycopg
import pytest
from psycopg import errors

from acceptance.audit import audit
from acceptance.command import Command
from rekindle import Engine
from rekindle.configuration import load_config
from rekindle.model import Candidate
from rekindle.sandbox import Sandbox
from rekindle.settings import Settings
from supabase.conftest import EXAMPLE, Project
from supabase.test_apps import MENTOR_1, calling
from supabase.test_worker import DUE

BY_KIND = 'kind = "inactivity"\nafter = ["14d", "30d"]\n'
BY_FUNCTION = 'kind = "sql"\nquery = "select * from rekindle_source.inactive(\'{14,30}\')"\n'


def say(rekindle: Command, by: str) -> list[str]:
    """Write a configuration with this one scenario, and apply it. Returns what was noted on the
    activities; nothing else was."""
    config = rekindle.folder / "rekindle.toml"
    text = (EXAMPLE / "rekindle.toml").read_text().replace(BY_KIND, by)
    assert by in text
    config.write_text(text[: text.index("[scenario.milestone]")])
    applied = rekindle("apply")
    assert applied.code == 0, applied
    notes = [json.loads(line) for line in applied.err.splitlines()]
    assert {(one["event"], one["subject"]) for one in notes} <= {("check.note", "activity")}, applied
    return [one["message"] for one in notes]


async def due(rekindle: Command) -> list[tuple[object, ...]]:
    settings = Settings.model_validate({"REKINDLE_DATABASE_URL": rekindle.environment["REKINDLE_DATABASE_URL"]})
    async with Engine.open(settings, load_config(rekindle.folder / "rekindle.toml")) as engine:
        planned = [one async for one in engine.plan() if isinstance(one, Candidate)]
    return [(one.user_id, one.occurrence, one.variables, one.locale, one.refusal) for one in planned]


async def test_the_function_finds_the_people_that_the_scenario_of_that_kind_finds(
    rekindle: Command, project: Project
) -> None:
    # Edge cases: no activity, a day that is another day elsewhere, no zone, an invalid zone, an
    # inactive person, activities that lie ahead or mean "never".
    project.script(
        "delete from public.activity_log where profile_id::text like '%09';"
        "update public.profiles set tz = 'Pacific/Kiritimati' where id::text like '%1';"
        "update public.profiles set tz = 'Europe/Osl0' where id::text like '%2';"
        "update public.organisations set tz = null where display_name = 'South';"
        "insert into public.activity_log (profile_id, kind, occurred_at)"
        "  select id, 'call', now() - make_interval(days => 14, hours => n::int - 12)"
        "  from (select id, row_number() over () as n from public.profiles where id::text like '%1') p;"
        "update auth.users set banned_until = now() + interval '1 day' where id::text like '%17';"
        "insert into public.activity_log (profile_id, kind, occurred_at)"
        "  select id, 'call', 'infinity' from public.profiles where id::text like '%18';"
        "insert into public.activity_log (profile_id, kind, occurred_at)"
        "  select id, 'call', now() + interval '3 days' from public.profiles where id::text like '%19';"
        "update public.activity_log set occurred_at = '0001-01-01' where profile_id::text like '%22'"
    )
    ahead, never = say(rekindle, BY_KIND)
    assert ahead.startswith("2 activities lie ahead")
    assert "before 1970-01-02" in never
    by_kind = await due(rekindle)
    assert len(by_kind) > 25
    found = {str(user_id)[-2:] for user_id, *_ in by_kind}
    assert {"18", "19"} <= found
    assert not {"09", "17", "22"} & found
    project.run_file(EXAMPLE / "definer.sql")
    assert say(rekindle, BY_FUNCTION) == []
    assert sorted(await due(rekindle), key=str) == sorted(by_kind, key=str)


def test_a_cycle_by_it_reaches_everybody_once_and_the_login_reads_no_activity(
    rekindle: Command, project: Project, fcm: Sandbox
) -> None:
    project.run_file(EXAMPLE / "definer.sql")
    assert say(rekindle, BY_FUNCTION) == []
    for _ in range(2):
        run = rekindle("run")
        assert (run.code, run.err) == (0, ""), run
    assert sorted(sent["target"] for sent in fcm.messages()) == sorted(DUE)
    audit(project, fcm)
    readable = project.rows(
        "select oid::regclass::text from pg_class where relnamespace = any ('{public,auth,private}'::regnamespace[]) "
        "and relkind in ('r', 'v') and has_any_column_privilege('rekindle_login', oid, 'select')"
    )
    assert readable == []
    with psycopg.connect(project.worker_url) as connection, pytest.raises(errors.UndefinedTable):
        connection.execute("select from rekindle_source.activity")


@pytest.mark.parametrize("role", ["anon", "authenticated", "service_role"])
def test_no_role_of_the_api_may_call_it(project: Project, role: str) -> None:
    project.run_file(EXAMPLE / "definer.sql")
    project.script(f"grant usage on schema rekindle_source to {role}")
    with calling(project, role, MENTOR_1) as caller, pytest.raises(errors.InsufficientPrivilege):
        caller.rows("select * from rekindle_source.inactive('{1}')")


def test_the_callers_search_path_does_not_change_what_it_reads(project: Project) -> None:
    project.run_file(EXAMPLE / "definer.sql")
    project.script("create schema mine; grant create, usage on schema mine to rekindle_login")
    with psycopg.connect(project.worker_url, autocommit=True) as connection:
        before = connection.execute("select * from rekindle_source.inactive('{14}') order by 1").fetchall()
        assert before
        connection.execute(
            "create temporary table activity_log (profile_id uuid, occurred_at timestamptz);"
            "create temporary table recipient (user_id uuid, active boolean, timezone text, organisation_id uuid);"
            "create function mine.to_char(timestamp, text) returns text language sql as 'select $2';"
            "set search_path = pg_temp, mine, pg_catalog, public"
        )
        assert connection.execute("select to_char(now()::timestamp, 'YYYY')").fetchone() == ("YYYY",)
        assert connection.execute("select * from rekindle_source.inactive('{14}') order by 1").fetchall() == before
