"""One row of anything: any value of any type in any column of any view concerns its own person
alone. Everybody else is reached, and no command fails."""

from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from typing import Any
from uuid import UUID

import psycopg
import pytest

from conftest import one_server
from rekindle.engine.check import check
from rekindle.engine.cycle import Deps, Limits
from rekindle.engine.explain import explain
from rekindle.engine.preview import Preview, plan
from rekindle.engine.priority import evaluations
from rekindle.engine.run import run_cycle
from rekindle.model import Candidate, Report, Selection
from rekindle.policy import UNGUARDED
from rekindle.ports import Applied, Terms
from rekindle.postgres.explain import PostgresExplanations
from rekindle.postgres.reports import Reports
from rekindle.postgres.requirements import fits, requirements
from rekindle.postgres.source import PostgresSource
from rekindle.render import NotRendered, render
from rekindle.render.values import read_variables
from rekindle.scenario import AnyScenario, Config, definition
from rekindle.testing import ScriptedDispatcher
from team.anything import ANYTHING, TYPES
from team.programme import Programme, applied, open_programme, scenario

server = one_server

COLUMNS = {f"c{number}": of_type for number, of_type in enumerate(ANYTHING)}
TEXTS = {"en": {"title": "Hello", "body": "{first_name}"}, "nb": {"title": "Hei", "body": "{first_name}"}}
NAMES_ALL = {column: f"{{{column}}}" for column in COLUMNS}
INSTANTS = [
    f"'{day}{time}'"
    for day in ("2026-01-31", "2026-02-29", "2028-02-29", "1900-02-29", "2000-02-29", "2026-04-31", "0999-01-01",
                "2026-00-01", "2026-13-01", "2026-12-00", "2026-12-32", "9999-12-31", "1000-01-01", "2026-1-1")
    for time in ("T09:00:00+01:00", " 09:00:00.5-12", "T23:59:59.999999Z", "T24:00:00Z", "T09:00:00", "T9:00Z",
                 "T09:60:00Z", "T09:00:60Z", "T09:00:00+0130", "T09:00:00+01:60", "T09:00:00+25:00", "t09:00:00z",
                 "T09:00Z", "T09:00:00.1234567Z", "T09:00:00Z\n")
]  # fmt: skip
HOURS = {"quiet_hours": "03:00-03:01"}


def _texts(column: str) -> list[str]:
    """Odd values of a column of type text in the contract."""
    return [*ANYTHING["text"], "'Europe/Osl0'", "'nb-NO'", "repeat('Europe/Oslo', 100)", "null"]


CONTRACT: dict[tuple[str, str], list[str]] = {
    ("person", "organisation_id"): ["null", *ANYTHING["uuid"]],
    ("person", "chapter_id"): ["null", *ANYTHING["uuid"]],
    ("person", "timezone"): _texts("timezone"),
    ("person", "locale"): _texts("locale"),
    ("person", "active"): ["null", "false"],
    ("person", "first_name"): _texts("first_name"),
    ("device", "token"): _texts("token"),
    ("device", "target_kind"): _texts("target_kind"),
    ("device", "platform"): _texts("platform"),
    ("device", "last_registered_at"): [*ANYTHING["timestamptz"], "null"],
    ("activity", "activity_date"): [*ANYTHING["timestamptz"], "'4714-11-24 BC'", "null"],
    ("certificate", "certification_id"): _texts("certification_id"),
    ("certificate", "name"): _texts("name"),
    ("certificate", "expires_on"): [*ANYTHING["date"], "null"],
    ("organisation", "timezone"): _texts("timezone"),
    ("chapter", "timezone"): _texts("timezone"),
    ("preference", "scenario_type"): _texts("scenario_type"),
    ("preference", "opted_out"): ["null", "false"],
    ("wanted", "occurrence"): _texts("occurrence"),
    ("wanted", "variables"): [*ANYTHING["jsonb"], "null"],
}
"""By table of the kit and column: values of the type that the contract gives the column."""
MINE = dict.fromkeys(("person", "device", "activity", "certificate", "preference", "wanted"), "user_id") | {
    "organisation": "organisation_id",
    "chapter": "chapter_id",
}
"""By table, the column of `person` by which a person's row is found."""
VIEWS = """
alter table team.certificate drop constraint certificate_pkey;
alter table team.certificate alter column certification_id drop not null, alter column certification_id type text;
alter table team.organisation add about json default '"\\ud800"';
alter table team.chapter add about json default '"\\u0000"';
create or replace view rekindle_source.organisation as
  select organisation_id, 'O'::text as name, timezone, about from team.organisation;
create or replace view rekindle_source.chapter as
  select chapter_id, null::uuid as organisation_id, 'C'::text as name, timezone, about from team.chapter;
drop view rekindle_source.recipient;
create view rekindle_source.recipient as select * from team.person;
create view rekindle_source.certification as
  select certification_id, user_id, name, expires_on from team.certificate;
"""


def every() -> list[Applied]:
    """Every kind of scenario, and one whose texts show every column."""
    kinds: dict[str, AnyScenario] = {
        "away": scenario("inactivity", after=["14d"], message=TEXTS, **HOURS),
        "visits": scenario("milestone", at=[1], message=TEXTS),
        "expiring": scenario("expiry", before=["7d"], message=TEXTS),
        "own": scenario(
            "sql", query="select user_id, occurrence, variables from team.wanted", message=TEXTS, caps=["9 per 1d"]
        ),
        "shown": scenario(
            "sql",
            query="select user_id, 'once'::text as occurrence, '{}'::jsonb as variables from team.person",
            data=NAMES_ALL,
        ),
    }
    return [applied(one, name) for name, one in kinds.items()]


@pytest.fixture
async def programme(database_url: str) -> AsyncIterator[Programme]:
    async with open_programme(database_url) as programme:
        await programme.sql.execute("drop view rekindle_source.certification; " + TYPES)
        for column, of_type in COLUMNS.items():
            sane = ANYTHING[of_type][0]
            await programme.rows(f"alter table team.person add {column} {of_type} default {sane}")
        await programme.sql.execute(VIEWS)
        config = {"scenario": {one.scenario_type: definition(one.scenario) for one in every()}}
        await Reports(programme.database).store_config(Config.model_validate(config))
        yield programme


async def due(programme: Programme, count: int) -> list[UUID]:
    """People who are due under every scenario, each with one row in every table."""
    rows = await programme.rows(
        "insert into team.person (user_id, organisation_id, chapter_id, timezone, locale, first_name) "
        "select gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'Europe/Oslo', 'en', 'Ada' "
        "from generate_series(1, %s) returning user_id",
        count,
    )
    users = [row["user_id"] for row in rows]
    for statement in (
        "insert into team.organisation (organisation_id, timezone) select organisation_id, 'UTC' from team.person",
        "insert into team.chapter (chapter_id, timezone) select chapter_id, 'UTC' from team.person",
        "insert into team.device (user_id, token) select user_id, 'token-' || user_id from team.person",
        "insert into team.activity select user_id, now() - interval '20 days' from team.person",
        "insert into team.certificate select 'c' || user_id, user_id, 'First aid', current_date + 5 from team.person",
        "insert into team.preference select user_id, 'another', true from team.person",
        "insert into team.wanted select user_id, 'once', '{}' from team.person",
    ):
        await programme.rows(statement)
    return users


def cases() -> Iterator[tuple[str, str, str]]:
    """Each odd value, as a table, a column and an expression."""
    for (table, column), values in CONTRACT.items():
        yield from ((table, column, value) for value in values)
    for column, of_type in COLUMNS.items():
        yield from (("person", column, value) for value in [*ANYTHING[of_type], "null"])


DATED = (
    "alter table team.{table} alter column {column} type {type} using null; "
    "create view rekindle_source.{view} as select * from team.{table}"
)


@pytest.mark.parametrize("of_type", ["date", "timestamp"])
async def test_dates_of_any_type_concern_their_own_person(programme: Programme, of_type: str) -> None:
    """The contract also allows a date or a timestamp without zone where an instant is usual."""
    for view, table, column in (
        ("activity", "activity", "activity_date"),
        ("device_token", "device", "last_registered_at"),
    ):
        await programme.sql.execute(f"drop view rekindle_source.{view}".encode())
        await programme.sql.execute(DATED.format(table=table, column=column, type=of_type, view=view).encode())
    users = await due(programme, 2 * len(ANYTHING[of_type]) + 1)
    for number, value in enumerate(ANYTHING[of_type]):
        await programme.rows(f"update team.activity set activity_date = {value} where user_id = %s", users[2 * number])
        await programme.rows(
            f"update team.device set last_registered_at = {value} where user_id = %s", users[2 * number + 1]
        )
    report, reached = await run(programme)
    assert report.halted_by is None
    assert all(users[-1] in people for people in reached.values())
    assert reached["own"] == set(users)
    terms = Terms("UTC", 30)
    for user_id in users[1::2]:
        explained = await explain(PostgresExplanations(programme.database), user_id, every()[:1], terms=terms)
        assert [one.fault for one in explained] == [None]


async def run(programme: Programme) -> tuple[Report, dict[str, set[UUID]]]:
    """One cycle, and the people that each scenario reached."""
    dispatcher = ScriptedDispatcher()
    deps = Deps(dispatcher, programme.store, programme.store)
    limits = Limits(budget_seconds=60, timezone="UTC", guard=UNGUARDED)
    report = await run_cycle(deps, await programme.store.applied(), Selection(), limits)
    reached: dict[str, set[UUID]] = {one.scenario_type: set() for one in every()}
    for message in dispatcher.sent:
        reached[message.scenario_type].add(message.user_id)
    return report, reached


async def test_one_row_of_anything_concerns_its_own_person_and_no_command_fails(programme: Programme) -> None:
    odd = list(cases())
    users = await due(programme, len(odd) + 3)
    sound, changed = users[:3], users[3:]
    for user_id, (table, column, value) in zip(changed, odd, strict=True):
        mine = MINE[table]
        await programme.rows(
            f"update team.{table} set {column} = {value} "
            f"where {mine} = (select {mine} from team.person where user_id = %s)",
            user_id,
        )
    # A view may also list nobody, and a person several times.
    await programme.rows("insert into team.wanted values (null, 'once', '{}')")
    await programme.rows("insert into team.person (user_id, active) values (null, true)")
    await programme.rows("insert into team.person select * from team.person where user_id = %s", changed[0])
    for table in ("device", "activity", "certificate", "preference"):
        await programme.rows(f"insert into team.{table} (user_id) values (null)")

    planned: dict[str, dict[UUID, str]] = {}
    terms = Terms("UTC", 30)
    asked = evaluations(every(), Selection(), every(), terms)
    async with aclosing(plan(programme.store, asked, guard=UNGUARDED)) as steps:
        async for step in steps:
            assert not isinstance(step, Preview) or step.fault is None
            if isinstance(step, Candidate):
                planned.setdefault(step.scenario_type, {})[step.user_id] = step.refusal or "claim"
    decoded = [user for user, one in zip(changed, odd, strict=True) if one[1] in ("last_registered_at", "expires_on")]
    for user_id in [sound[0], *decoded[::2], *changed[::50]]:
        explained = await explain(PostgresExplanations(programme.database), user_id, every(), terms=terms)
        assert [one.fault for one in explained] == [None] * len(explained), user_id
    config = Config.model_validate({"scenario": {one.scenario_type: definition(one.scenario) for one in every()}})
    findings = await check(config, PostgresSource(programme.database))
    assert {one.fault.code for one in findings if one.fault} <= {"RK302"}, [str(one.fault) for one in findings]

    report, reached = await run(programme)
    assert report.halted_by is None
    for name, people in reached.items():
        assert people >= set(sound), name
        assert people == {user for user, verdict in planned[name].items() if verdict == "claim"}, name
        refused = {planned[name][user] for user in changed if planned[name].get(user, "claim") != "claim"}
        assert refused <= {"missing_variable", "no_token", "opted_out", "wrong_occurrence"}, (name, refused)
    # Only an own column that a text names can cost a person their push.
    extra = {user for user, (_, column, _) in zip(changed, odd, strict=True) if column in COLUMNS}
    assert all(people >= extra for name, people in reached.items() if name != "shown")
    assert len(odd) * len(reached) > 1_000


def _renders(template: str, value: Any) -> bool:
    try:
        render(template, {"x": value})
    except NotRendered:
        return False
    return True


async def test_the_claim_refuses_exactly_the_values_that_cannot_be_rendered(programme: Programme) -> None:
    shown = "{x}", "{x, plural, other {#}}", "{x, date}", "{x, time}", "{x, list}"
    present = requirements(scenario("sql", query="q", message={"en": {"title": "T {x}", "body": "B"}})).distinct[0]
    for of_type, values in (*ANYTHING.items(), ("text", INSTANTS)):
        for value in [*values, "null"]:
            try:
                (row,) = await programme.rows(
                    "select given.object::text as text, given.object @@ %s::jsonpath as present, "
                    "given.object @@ %s::jsonpath as number, given.object @@ %s::jsonpath as date, "
                    "given.object @@ %s::jsonpath as time, given.object @@ %s::jsonpath as list "
                    "from (select rekindle.readable("
                    f"jsonb_build_object('x', to_jsonb(({value})::{of_type}))) as object offset 0) given",
                    present.present,
                    fits("number", '$."x"'),
                    fits("date", '$."x"'),
                    fits("time", '$."x"'),
                    fits("list", '$."x"'),
                )
            except psycopg.Error:
                continue  # such a value counts as null
            decoded = read_variables(row["text"])["x"]
            said = [bool(row[name]) for name in ("present", "number", "date", "time", "list")]
            assert said == [_renders(template, decoded) for template in shown], (of_type, value, row)
