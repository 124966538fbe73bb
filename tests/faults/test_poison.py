"""Rows, texts and names that are made to break something affect one person or one scenario and
nothing else."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg.types.json import Jsonb

from acceptance.audit import audit
from acceptance.command import Command, engine_over
from acceptance.fixtures import apply
from rekindle import Engine
from rekindle.configuration import load_config
from rekindle.engine.cycle import Caller
from rekindle.errors import ConfigInvalid, SourceError
from rekindle.model import Numbers, Report
from rekindle.sandbox import Sandbox
from team.team import TEAM_CONFIG, Team, person, write_config

ABSENCE = """
[scenario.absence]
kind = "inactivity"
priority = 90
after = ["14d"]
cooldown = "7d"
message.en = { title = "Hi {first_name}", body = "{days} days" }
"""
Open = Callable[[str], Any]

INJECTIONS = (
    "'; drop table rekindle.gate; --",
    '"; drop schema rekindle cascade; --',
    "$$; drop role rekindle_worker; $$",
    "nudge' or '1'='1",
    "%(run_id)s",
    "%s %d {0}",
    "{0.__class__}",
    "\\'; select pg_sleep(10); --",
    "a; copy (select 1) to program 'id'",
    "Robert'); delete from rekindle.scenario_notification; --",
)


@pytest.fixture
async def engine_with(team: Team, team_worker_url: str, fcm: Sandbox, tmp_path: Path) -> AsyncIterator[Open]:
    """Opens engines as rekindle_worker with a configuration that is applied first."""
    async with AsyncExitStack() as stack:

        async def open_engine(text: str = TEAM_CONFIG) -> Engine:
            config = load_config(write_config(tmp_path, text))
            await apply(team.url, config)
            return await stack.enter_async_context(engine_over(team_worker_url, fcm, config))

        yield open_engine


def catalog(team: Team) -> list[tuple[object, ...]]:
    """Everything that a statement of ours could have made, dropped or granted."""
    return team.rows(
        "select 'class', n.nspname || '.' || c.relname, c.relkind::text, coalesce(c.relacl::text, '') "
        "from pg_class c join pg_namespace n on n.oid = c.relnamespace "
        "where n.nspname !~ '^pg_(temp|toast)' and c.relname !~ '^pg_temp' "
        "union all select 'proc', p.oid::regprocedure::text, md5(p.prosrc), coalesce(p.proacl::text, '') "
        "from pg_proc p where p.pronamespace in ('rekindle'::regnamespace, 'team'::regnamespace) "
        "union all select 'role', rolname, rolsuper::text || rolcreaterole || rolbypassrls, '' from pg_roles "
        "where rolname <> 'test_unfit' and rolname <> 'test_stranger' "
        "union all select 'setting', setdatabase::text, setrole::text, setconfig::text from pg_db_role_setting "
        "order by 1, 2, 3"
    )


def variables(team: Team, number: int, values: dict[str, Any]) -> None:
    team.execute("update team.wanted set variables = %s where user_id = %s", Jsonb(values), person(number))


def of(report: Report, scenario_type: str = "nudge") -> Numbers:
    (numbers,) = [one for one in report.scenarios if one.scenario_type == scenario_type]
    return numbers


def bodies(fcm: Sandbox) -> dict[str, str]:
    return {sent["target"]: sent["message"]["notification"]["body"] for sent in fcm.messages()}


async def test_a_null_and_a_missing_value_stop_one_person_each_and_an_oversized_one_is_cut(
    engine_with: Open, team: Team, fcm: Sandbox
) -> None:
    team.people(8)
    variables(team, 2, {"points": None})
    variables(team, 3, {})
    variables(team, 4, {"points": "x" * 70_000})
    team.execute("update team.wanted set variables = null where user_id = %s", person(5))
    team.execute("update team.person set first_name = null where user_id = %s", person(6))
    team.execute("update team.person set first_name = repeat('y', 10000000) where user_id = %s", person(7))
    engine = await engine_with()
    report = await engine.run(budget_seconds=60)
    one = of(report)
    assert one.reasons == {}
    assert dict(one.refusals) == {"missing_variable": 4}
    assert (one.recorded, sorted(bodies(fcm))) == (4, ["t1-1", "t4-1", "t7-1", "t8-1"])
    audit(team, fcm)


async def test_a_body_over_four_kilobytes_is_dead_before_it_leaves_and_long_values_are_cut(
    engine_with: Open, team: Team, fcm: Sandbox
) -> None:
    team.people(3)
    variables(team, 2, {"points": "é" * 5_000})
    engine = await engine_with(TEAM_CONFIG.replace("{points} points", "{points}{points}{points} points"))
    sends = fcm.requests()["send"]
    report = await engine.run(budget_seconds=60)
    assert of(report).reasons == {"dead:too_large": 1}
    assert fcm.requests()["send"] - sends == of(report).recorded == 2
    variables(team, 3, {"points": "z" * 5_000})
    team.execute("update team.wanted set occurrence = 'second'")
    team.execute("delete from rekindle.gate; delete from rekindle.delivery; delete from rekindle.scenario_notification")
    fcm.clear()
    await engine.run(budget_seconds=60)
    assert bodies(fcm)["t3-1"] == f"You have {'z' * 3_000} points."


async def test_not_a_number_and_odd_characters_are_text_and_control_characters_are_taken_out(
    engine_with: Open, team: Team, fcm: Sandbox
) -> None:
    team.people(6)
    # JSON has no NaN, and jsonb refuses it: from a column it arrives as the text "NaN".
    team.execute(
        "update team.wanted set variables = jsonb_build_object('points', 'NaN'::float8) where user_id = %s", person(1)
    )
    team.execute(
        "update team.wanted set variables = jsonb_build_object('points', '-Infinity'::float8) where user_id = %s",
        person(2),
    )
    variables(team, 3, {"points": "\u202eabc\u2066\ufeff\x01\x1b[31m\x7f\x85"})
    variables(team, 4, {"points": {"a": [1, {"b": None}]}})
    variables(team, 5, {"points": "👩‍👩‍👧 ﷽ ́́"})
    variables(team, 6, {"points": "{first_name} {0.__class__} %s {{"})
    engine = await engine_with()
    report = await engine.run(budget_seconds=60)
    assert (report.status, of(report).recorded) == ("done", 6)
    said = {target: body.removeprefix("You have ").removesuffix(" points.") for target, body in bodies(fcm).items()}
    assert said["t1-1"] == "NaN"
    assert said["t2-1"] == "-Infinity"
    assert said["t3-1"] == "abc[31m"
    assert said["t5-1"] == "👩‍👩‍👧 ﷽ ́́"
    assert said["t6-1"] == "{first_name} {0.__class__} %s {{"
    audit(team, fcm)


@pytest.mark.parametrize("text", ['"\\ud800"', '"\\u0000"', '"\\udc00\\ud800"', "NaN"])
def test_values_that_jsonb_cannot_store_never_reach_us(team: Team, text: str) -> None:
    with pytest.raises(psycopg.DataError):
        team.execute("insert into team.wanted values (%s, 'o', %s::jsonb)", uuid4(), f'{{"points": {text}}}')


async def test_a_query_with_a_value_that_jsonb_cannot_store_fails_alone_and_the_other_scenario_continues(
    engine_with: Open, team: Team, fcm: Sandbox
) -> None:
    team.people(5)
    team.execute("create table team.raw (user_id uuid, variables text)")
    team.execute("create view rekindle_source.raw as select * from team.raw")
    team.execute("grant select on rekindle_source.raw to rekindle_worker")
    bad = """
[scenario.bad]
kind = "sql"
priority = 90
query = "select user_id, 'once' as occurrence, variables::jsonb as variables from rekindle_source.raw"
cooldown = "7d"
message.en = { title = "T", body = "B" }
"""
    engine = await engine_with(TEAM_CONFIG + bad)
    for value in ('{"x": "\\ud800"}', '{"x": "\\u0000"}', '{"x": NaN}', '{"x": ', "not json canary-9f2"):
        team.execute("delete from team.raw")
        team.execute("insert into team.raw values (%s, %s)", person(1), value)
        report = await engine.run(budget_seconds=60)
        assert report.status == "halted"
        assert (report.halted_by or "").startswith("RK305")
        assert "canary" not in str(report)
        assert [one.scenario_type for one in report.scenarios] == ["nudge"]
    assert len(fcm.messages()) == 5
    audit(team, fcm)


async def test_a_view_that_fails_on_one_row_fails_its_scenarios_alone_and_quotes_nothing(
    engine_with: Open, team: Team, fcm: Sandbox
) -> None:
    team.people(5)
    engine = await engine_with(TEAM_CONFIG + ABSENCE)
    team.execute("create table team.raw (user_id uuid, day text)")
    team.execute("insert into team.raw values (%s, 'canary-77')", person(1))
    team.execute(
        "create or replace view rekindle_source.activity as "
        "select user_id, day::timestamptz as activity_date from team.raw"
    )
    report = await engine.run(budget_seconds=60)
    assert (report.status, of(report).recorded) == ("halted", 5)
    assert (report.halted_by or "").startswith("RK302")
    assert "absence" in (report.halted_by or "")
    assert "canary" not in str(report)
    audit(team, fcm)


async def test_a_view_that_breaks_after_the_claim_holds_its_scenarios_back_and_no_other(
    engine_with: Open, team: Team, fcm: Sandbox
) -> None:
    """The last check before a push is not possible, so these people get no push."""
    for user_id in team.people(5):
        team.execute("insert into team.activity values (%s, now() - interval '20 days')", user_id)
    engine = await engine_with(TEAM_CONFIG + ABSENCE)
    stopped = asyncio.Event()
    stopped.set()
    await engine.run(budget_seconds=60, caller=Caller(stop=stopped))
    assert (team.counts()["outbox"], fcm.messages()) == (10, [])
    team.execute(
        "create or replace view rekindle_source.activity as "
        "select user_id, ('canary-' || activity_date)::timestamptz as activity_date from team.activity"
    )
    report = await engine.run(budget_seconds=60)
    assert (report.status, of(report).recorded) == ("halted", 5)
    assert {message["message"]["data"]["scenario_type"] for message in fcm.messages()} == {"nudge"}
    assert team.rows("select distinct scenario_type, state from rekindle.outbox") == [("absence", "claimed")]
    assert "canary" not in str(report)
    audit(team, fcm)


async def test_an_occurrence_too_long_for_an_index_stops_one_person_and_not_the_record_of_the_batch(
    engine_with: Open, team: Team, fcm: Sandbox
) -> None:
    """A certificate's id may be any text: random, so that it cannot be compressed below what an
    index holds."""
    team.people(5)
    team.execute(
        "alter table team.certificate drop constraint certificate_pkey, alter column certification_id type text"
    )
    team.execute(
        "insert into team.certificate select 'c' || user_id, user_id, 'First aid', current_date + 5 from team.person"
    )
    team.execute(
        "update team.certificate set certification_id = "
        "(select string_agg(md5(random()::text), '') from generate_series(1, 300)) where user_id = %s",
        person(3),
    )
    team.execute("create view rekindle_source.certification as select * from team.certificate")
    team.execute("grant select on rekindle_source.certification to rekindle_worker")
    expiry = """
[scenario.expiry]
kind = "expiry"
before = ["7d"]
cooldown = "7d"
message.en = { title = "Hi {first_name}", body = "{certificate} ends in {days_left} days" }
"""
    engine = await engine_with(TEAM_CONFIG + expiry)
    report = await engine.run(budget_seconds=60)
    one = of(report, "expiry")
    assert (one.recorded, dict(one.refusals), one.unknown) == (4, {"wrong_occurrence": 1}, 0)
    assert report.status == "done"
    audit(team, fcm)


@pytest.mark.parametrize(
    "zone",
    ["Mars/Olympus", "", " ", "UTC+999999999999", "'; drop table rekindle.gate; --", "x" * 10_000, "../../etc/passwd"],
)
async def test_an_invalid_time_zone_gives_that_person_the_fallback(
    engine_with: Open, team: Team, fcm: Sandbox, zone: str
) -> None:
    team.people(2)
    team.execute("update team.person set timezone = %s where user_id = %s", zone, person(1))
    team.execute("insert into team.activity select user_id, now() - interval '20 days' from team.person")
    engine = await engine_with(TEAM_CONFIG + ABSENCE)
    report = await engine.run(budget_seconds=60)
    assert (report.status, of(report, "absence").recorded, of(report).recorded) == ("done", 2, 2)


@pytest.mark.parametrize("token", ["", "x" * 100_000, "a\nb\r\nc", "tök en", "'; drop table rekindle.gate; --", "{}"])
async def test_an_impossible_token_affects_nobody_else(engine_with: Open, team: Team, fcm: Sandbox, token: str) -> None:
    team.people(3)
    before = catalog(team)
    team.execute("update team.device set token = %s where user_id = %s", token, person(2))
    engine = await engine_with()
    report = await engine.run(budget_seconds=60)
    assert of(report).unknown == 0
    assert {"t1-1", "t3-1"} <= {sent["target"] for sent in fcm.messages()}
    assert of(report).recorded >= 2
    assert catalog(team) == before
    audit(team, fcm)


TEMPLATES = (
    "{0}", "{0.__class__}", "{first_name.__class__}", "{first_name[0]}", "{first_name!r}", "{first_name:>999999999}",
    "{first_name:{points}}", "{", "}", "{}", "{{{", "{ first_name}", "{FIRST}", "{first_name" + "[a]" * 500 + "}",
    "{" * 3_999, "{a" * 1_300, "x" * 4_001, "{__import__}", "{first_name!s:{points!r}}", "{пример}",
)  # fmt: skip


def test_hostile_templates_are_refused_at_apply_and_nothing_is_stored(rekindle: Command, team: Team) -> None:
    before = team.rows("select scenario_type, version, definition::text from rekindle.scenario")
    for template in TEMPLATES:
        for place in ("title", "body"):
            text = TEAM_CONFIG.replace(
                'title = "Hello {first_name}"' if place == "title" else 'body = "You have {points} points."',
                f"{place} = '''{template}'''",
            )
            write_config(rekindle.folder, text)
            config_is_refused(rekindle.folder)
    write_config(rekindle.folder, TEAM_CONFIG.replace("{points} points", "{0.__class__}"))
    done = rekindle("apply")
    assert (done.code, done.fault()[:13]) == (2, "error: RK102:")
    assert team.rows("select scenario_type, version, definition::text from rekindle.scenario") == before


def config_is_refused(folder: Path) -> None:
    with pytest.raises(ConfigInvalid):
        load_config(folder / "rekindle.toml")


async def test_sql_in_every_free_text_of_a_configuration_is_text(
    engine_with: Open, team: Team, fcm: Sandbox, tmp_path: Path
) -> None:
    team.people(2)
    before = catalog(team)
    hostile = [text.replace("'", "''").replace("{", "'{'").replace("}", "'}'") for text in INJECTIONS]
    data = "\n".join(
        f"{json.dumps(f'k{number}{INJECTIONS[number]}')} = {json.dumps(text)}" for number, text in enumerate(hostile)
    )
    for text in hostile:
        config = TEAM_CONFIG.replace('title = "Hello {first_name}"', f"title = {json.dumps(text)}")
        config = config.replace('"You have {points} points."', json.dumps(text))
        config += f"\n[scenario.nudge.data]\n{data}\n"
        engine = await engine_with(config)
        assert [status.applied.scenario.message["en"].title for status in await engine.scenarios()] == [text]
    report = await engine.run(budget_seconds=60)
    assert (report.status, of(report).recorded) == ("done", 2)
    assert set(bodies(fcm).values()) == {INJECTIONS[-1]}
    assert catalog(team) == before
    audit(team, fcm)


NAMES = """
[scenario."{text}"]
kind = "sql"
query = "select user_id, occurrence, variables from rekindle_source.nudge"
cooldown = "7d"
message.en = {{ title = "T", body = "B" }}
"""


def test_sql_in_names_locales_and_arguments_is_refused_before_the_database(rekindle: Command, team: Team) -> None:
    before = catalog(team)
    for text in INJECTIONS:
        quoted = text.replace("\\", "\\\\").replace('"', '\\"')
        locale = TEAM_CONFIG.replace("[scenario.nudge.message.nb]", f'[scenario.nudge.message."{quoted}"]')
        for config in (
            NAMES.format(text=quoted),
            locale,
            TEAM_CONFIG.replace('cooldown = "7d"', f'cooldown = "{quoted}"'),
        ):
            with pytest.raises(ConfigInvalid):
                load_config(write_config(rekindle.folder, config))
    write_config(rekindle.folder, TEAM_CONFIG)
    for arguments, code in (
        (("run", "--scenario", INJECTIONS[0]), "RK105"),
        (("run", "--organisation", INJECTIONS[0]), "RK106"),
        (("plan", "--user", INJECTIONS[3]), "RK729"),
        (("unknown", "settle", INJECTIONS[0], "--not-sent"), "RK106"),
        (("run", "--budget", INJECTIONS[0]), "RK106"),
    ):
        done = rekindle(*arguments)
        assert (done.code, done.fault()[7:12]) == (2, code)
    assert catalog(team) == before


async def test_sql_in_every_text_of_the_teams_rows_is_text(engine_with: Open, team: Team, fcm: Sandbox) -> None:
    team.people(len(INJECTIONS))
    before = catalog(team)
    for number, text in enumerate(INJECTIONS, 1):
        team.execute(
            "update team.person set first_name = %s, locale = %s, timezone = %s where user_id = %s",
            *(text, text, text, person(number)),
        )
        team.execute("update team.wanted set occurrence = %s where user_id = %s", text, person(number))
        variables(team, number, {"points": text, text: text})
        team.execute("update team.device set token = %s where user_id = %s", f"t{text}", person(number))
    engine = await engine_with()
    report = await engine.run(budget_seconds=60)
    assert of(report).recorded == len(INJECTIONS)
    assert {UUID(str(row[0])) for row in team.rows("select user_id from rekindle.scenario_notification")} == {
        person(number) for number in range(1, len(INJECTIONS) + 1)
    }
    assert {row[0] for row in team.rows("select occurrence from rekindle.scenario_notification")} == set(INJECTIONS)
    assert {sent["target"] for sent in fcm.messages()} == {f"t{text}" for text in INJECTIONS}
    assert catalog(team) == before
    audit(team, fcm)


async def test_a_query_that_tries_to_change_something_is_refused_and_the_catalog_is_unchanged(
    engine_with: Open, team: Team, fcm: Sandbox
) -> None:
    team.people(1)
    before = catalog(team)
    for query in (
        "drop table rekindle.gate",
        "select 1; drop table rekindle.gate",
        "select user_id, occurrence, variables from rekindle_source.nudge) as own; drop table rekindle.gate; --",
        (
            "with gone as (delete from rekindle.outbox returning *) "
            "select user_id, 'x'::text as occurrence, '{}'::jsonb as variables from gone"
        ),
        (
            "select user_id, set_config('role', 'none', false) as occurrence, variables from rekindle_source.nudge, "
            "lateral (select pg_catalog.lo_create(0)) made"
        ),
    ):
        config = TEAM_CONFIG.replace("select user_id, occurrence, variables from rekindle_source.nudge", query)
        with pytest.raises(SourceError):
            await engine_with(config)
    assert catalog(team) == before
