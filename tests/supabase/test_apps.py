"""What apps may read through Supabase's API: a person's own notifications, those of a
coordinator's organisations, and nothing else."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import errors

from supabase.conftest import APPS, Project, one_supabase

supabase = one_supabase

# People of organisation 1 (even numbers) and organisation 2 (odd numbers); 41 and 42 coordinate 2
# and 1.
MENTOR_1, MENTOR_2, COORDINATOR_1, COORDINATOR_2 = 18, 15, 42, 41
COLUMNS = ["id", "user_id", "organisation_id", "scenario_type", "dispatched_at"]


def person(number: int) -> UUID:
    return UUID(f"0c000000-0000-4000-8000-{number:012}")


class Caller:
    """A request as PostgREST makes it: logged in as authenticator, then the role and the claims
    of the token."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self.connection = connection

    def rows(self, query: str, *parameters: object) -> list[tuple[Any, ...]]:
        with self.connection.transaction():
            cursor = self.connection.execute(query.encode(), parameters or None)
            return cursor.fetchall() if cursor.description else []

    def notifications(self) -> list[tuple[Any, ...]]:
        return self.rows("select user_id, organisation_id from public.rekindle_notification")


@contextmanager
def calling(project: Project, role: str, number: int | None = None) -> Iterator[Caller]:
    claims = {"role": role} | ({"sub": str(person(number))} if number else {})
    with psycopg.connect(project.api_url) as connection:
        connection.execute("select set_config('role', %s, true)", [role])
        connection.execute("select set_config('request.jwt.claims', %s, true)", [json.dumps(claims)])
        yield Caller(connection)
        connection.rollback()


def recorded(project: Project) -> list[tuple[Any, ...]]:
    return project.rows("select user_id, organisation_id from rekindle.scenario_notification")


def test_a_person_reads_their_own_notifications_and_nobody_elses(sent: Project) -> None:
    for number in (MENTOR_1, MENTOR_2):
        own = [row for row in recorded(sent) if row[0] == person(number)]
        assert len(own) == 1
        with calling(sent, "authenticated", number) as caller:
            assert caller.notifications() == own
            for other in (MENTOR_1, MENTOR_2, COORDINATOR_1, 9):
                found = caller.rows("select id from public.rekindle_notification where user_id = %s", person(other))
                assert len(found) == (other == number)
            [row] = caller.rows("select * from public.rekindle_notification")
            assert dict(zip(COLUMNS, row, strict=True))["scenario_type"] == "inactivity"


def test_a_coordinator_reads_those_of_their_organisation_and_of_no_other(sent: Project) -> None:
    organisations = {row[1] for row in recorded(sent)}
    assert len(organisations) == 2
    seen = []
    for number in (COORDINATOR_1, COORDINATOR_2):
        with calling(sent, "authenticated", number) as caller:
            found = caller.notifications()
        assert len(found) > 10
        assert len({row[1] for row in found}) == 1
        seen += found
    assert sorted(seen) == sorted(recorded(sent))


def test_a_former_coordinator_or_an_unknown_user_reads_nothing(sent: Project) -> None:
    sent.script(f"update public.memberships set role = 'mentor' where profile_id = '{person(COORDINATOR_1)}'")
    with calling(sent, "authenticated", COORDINATOR_1) as caller:
        assert caller.notifications() == []
    with calling(sent, "authenticated", 77) as caller:
        assert caller.notifications() == []
    with calling(sent, "authenticated") as caller:
        assert caller.notifications() == []


def everything(project: Project) -> Iterator[str]:
    """A statement for each object in Rekindle's schemas, and for each way to change it."""
    for schema in ("rekindle", "rekindle_source"):
        for (name,) in project.rows(
            "select relname from pg_class where relnamespace = %s::text::regnamespace and relkind in ('r', 'v')", schema
        ):
            yield f"select from {schema}.{name}"
            yield f"delete from {schema}.{name}"
            yield f"update {schema}.{name} set user_id = user_id"
            yield f"insert into {schema}.{name} default values"
        for name, arguments in project.rows(
            "select proname, array(select 'null::' || t::regtype from unnest(proargtypes) t) from pg_proc "
            "where pronamespace = %s::text::regnamespace and prorettype <> 'trigger'::regtype",
            schema,
        ):
            yield f"select {schema}.{name}({', '.join(arguments)})"


WRITES = [
    "insert into public.rekindle_notification (id, user_id, scenario_type) values (gen_random_uuid(), auth.uid(), 'x')",
    "update public.rekindle_notification set scenario_type = 'x'",
    "delete from public.rekindle_notification",
]


@pytest.mark.parametrize(
    ("role", "number"),
    [("anon", None), ("authenticated", MENTOR_1), ("authenticated", COORDINATOR_2), ("service_role", None)],
)
def test_nothing_else_can_be_read_or_called_or_changed(sent: Project, role: str, number: int | None) -> None:
    statements = [*everything(sent), *WRITES]
    if role != "authenticated":
        statements.append("select from public.rekindle_notification")
    assert len(statements) > 90
    before = sent.counts()
    for statement in statements:
        with calling(sent, role, number) as caller, pytest.raises(errors.InsufficientPrivilege):
            caller.rows(statement)
    assert sent.counts() == before


@pytest.mark.parametrize("role", ["anon", "authenticated", "service_role"])
def test_even_with_usage_on_the_schema_no_other_column_can_be_read(sent: Project, role: str) -> None:
    sent.script(f"grant usage on schema rekindle to {role}")
    readable = {
        f"{table}.{column}"
        for table, column in sent.rows(
            "select c.relname, a.attname from pg_class c join pg_attribute a on a.attrelid = c.oid "
            "where c.relnamespace = 'rekindle'::regnamespace and c.relkind = 'r' and a.attnum > 0 "
            "and has_column_privilege(%s::text, c.oid, a.attnum, 'select')",
            role,
        )
    }
    assert readable == ({f"scenario_notification.{name}" for name in COLUMNS} if role == "authenticated" else set())
    changeable = sent.rows(
        "select relname from pg_class where relnamespace = any ('{rekindle,rekindle_source}'::regnamespace[]) "
        "and (has_table_privilege(%s::text, oid, 'insert, update, delete, truncate') "
        "     or has_any_column_privilege(%s::text, oid, 'insert, update'))",
        role,
        role,
    )
    assert changeable == []
    may_call = sent.rows(
        "select proname from pg_proc where pronamespace = any ('{rekindle,rekindle_source}'::regnamespace[]) "
        "and has_function_privilege(%s::text, oid, 'execute')",
        role,
    )
    # An index of the team may compute an id for everybody who writes; the function reads no table.
    own = [("coordinated_organisations",)] if role == "authenticated" else []
    assert sorted(set(may_call)) == sorted([("stable_uuid",), *own])
    if role == "authenticated":
        with calling(sent, role, MENTOR_1) as caller:
            assert caller.rows("select user_id from rekindle.scenario_notification") == [(person(MENTOR_1),)]
    with calling(sent, role, MENTOR_1) as caller, pytest.raises(errors.InsufficientPrivilege):
        caller.rows("select occurrence from rekindle.scenario_notification")


def test_row_level_security_is_on_for_every_table_and_the_one_view_asks_as_its_caller(project: Project) -> None:
    tables = project.rows(
        "select relname, relrowsecurity from pg_class where relnamespace = 'rekindle'::regnamespace "
        "and relkind in ('r', 'p')"
    )
    assert len(tables) >= 10
    assert all(on for _, on in tables), tables
    assert project.rows("select from pg_class where relnamespace = 'rekindle'::regnamespace and relkind = 'v'") == []
    [(options,)] = project.rows("select reloptions from pg_class where oid = 'public.rekindle_notification'::regclass")
    assert options == ["security_invoker=true"]
    # Supabase gives everything in `public` to all three by default.
    rights = project.rows(
        "select r.rolname, p.privilege from pg_roles r, "
        "unnest('{select,insert,update,delete,truncate,references,trigger}'::text[]) as p (privilege) "
        "where r.rolname in ('anon', 'authenticated', 'service_role') "
        "and has_table_privilege(r.oid, 'public.rekindle_notification', p.privilege)"
    )
    assert rights == [("authenticated", "select")]


def test_the_file_may_be_run_again(sent: Project) -> None:
    sent.run_file(APPS)
    with calling(sent, "authenticated", MENTOR_1) as caller:
        assert len(caller.notifications()) == 1


def test_both_ways_of_reading_go_through_an_index(project: Project) -> None:
    project.script(
        "insert into rekindle.scenario_notification (id, user_id, scenario_type, idempotency_key, organisation_id, "
        "  cooldown_window_start) "
        "select gen_random_uuid(), gen_random_uuid(), 'x', n::text, gen_random_uuid(), now() "
        "from generate_series(1, 50000) n;"
        "analyze rekindle.scenario_notification"
    )
    for number in (MENTOR_1, COORDINATOR_1):
        with calling(project, "authenticated", number) as caller:
            plan = "\n".join(row[0] for row in caller.rows("explain select * from public.rekindle_notification"))
        assert "Seq Scan on scenario_notification" not in plan, plan
        assert "scenario_notification_organisation_idx" in plan, plan
