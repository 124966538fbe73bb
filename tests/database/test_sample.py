"""The sample programme on a real Postgres, and the files that a team starts from."""

import hashlib
import re
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from conftest import one_server
from rekindle.configuration import load_config
from rekindle.errors import BadArgument
from rekindle.sample import MAX_RECIPIENTS, statements, write_init_files

pytestmark = pytest.mark.slow

server = one_server

AT = datetime(2026, 3, 28, 22, 30, tzinfo=UTC)  # an hour and a half before the day of the clock change in Oslo

CONTRACT = {
    "recipient": [
        ("user_id", "uuid"),
        ("organisation_id", "uuid"),
        ("chapter_id", "uuid"),
        ("timezone", "text"),
        ("locale", "text"),
        ("active", "boolean"),
    ],
    "activity": [("user_id", "uuid"), ("activity_date", "timestamp with time zone")],
    "event": [
        ("event_id", "uuid"),
        ("user_id", "uuid"),
        ("name", "text"),
        ("starts_at", "timestamp with time zone"),
    ],
    "certification": [
        ("certification_id", "uuid"),
        ("user_id", "uuid"),
        ("name", "text"),
        ("expires_on", "date"),
    ],
    "device_token": [
        ("user_id", "uuid"),
        ("token", "text"),
        ("target_kind", "text"),
        ("platform", "text"),
        ("last_registered_at", "timestamp with time zone"),
    ],
    "organisation": [("organisation_id", "uuid"), ("name", "text"), ("timezone", "text")],
    "chapter": [("chapter_id", "uuid"), ("organisation_id", "uuid"), ("name", "text"), ("timezone", "text")],
    "preference": [("user_id", "uuid"), ("scenario_type", "text"), ("opted_out", "boolean")],
}
AS_WRITTEN = CONTRACT | {"recipient": [*CONTRACT["recipient"], ("first_name", "text")]}
TABLES = (
    "organisations",
    "chapters",
    "mentors",
    "activity_log",
    "certificates",
    "push_tokens",
    "notification_settings",
)


def build(url: str, recipients: int, seed: int = 1, at: datetime | None = AT) -> None:
    with psycopg.connect(url) as connection:
        for statement in statements(recipients, seed, at=at):
            connection.execute(statement.sql, statement.parameters)


def drop(url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("drop schema rekindle_source, programme cascade")


def row(url: str, query: str, parameters: dict[str, Any] | None = None) -> tuple[Any, ...]:
    with psycopg.connect(url) as connection:
        found = connection.execute(query, parameters).fetchone()
    assert found is not None
    return found


def digests(url: str) -> dict[str, str]:
    """A digest of each table's rows, as the session prints them in UTC."""
    found: dict[str, str] = {}
    with psycopg.connect(url) as connection:
        connection.execute("set timezone to 'UTC'")
        for table in TABLES:
            rows = connection.execute(f"select t::text from programme.{table} t order by 1").fetchall()
            assert rows, table
            found[table] = hashlib.sha256("\n".join(text for (text,) in rows).encode()).hexdigest()
    return found


def view_columns(url: str) -> dict[str, list[tuple[str, str]]]:
    found: dict[str, list[tuple[str, str]]] = {}
    with psycopg.connect(url) as connection:
        for view, column, type_name in connection.execute(
            """select c.relname, a.attname, format_type(a.atttypid, a.atttypmod)
               from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0
               where c.relnamespace = 'rekindle_source'::regnamespace order by 1, a.attnum"""
        ):
            found.setdefault(view, []).append((column, type_name))
    return found


def test_the_same_seed_makes_the_same_rows_whatever_the_session_says(database_url):
    build(database_url, 300, seed=7)
    first = digests(database_url)
    drop(database_url)
    name = row(database_url, "select current_database()")[0]
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(f"alter database {name} set timezone to 'Pacific/Auckland'")
        connection.execute(f"alter database {name} set datestyle to 'German'")
        connection.execute(f"alter database {name} set max_parallel_workers_per_gather to 0")
    build(database_url, 300, seed=7)
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(f"alter database {name} reset all")
    assert digests(database_url) == first


def test_another_seed_makes_other_rows_in_every_table(database_url):
    build(database_url, 300, seed=7)
    first = digests(database_url)
    drop(database_url)
    build(database_url, 300, seed=8)
    second = digests(database_url)
    assert {table for table in TABLES if first[table] == second[table]} == set()


def test_a_larger_programme_keeps_the_ids_of_a_smaller_one(database_url):
    query = "select array_agg(id::text order by id) from programme.mentors"
    build(database_url, 50)
    smaller = row(database_url, query)[0]
    drop(database_url)
    build(database_url, 80)
    assert set(smaller) < set(row(database_url, query)[0])


@pytest.mark.parametrize("recipients", [1, 2, 61, 500])
def test_it_has_exactly_as_many_recipients_as_asked_for(database_url, recipients):
    build(database_url, recipients)
    assert row(
        database_url,
        """select (select count(*) from rekindle_source.recipient),
                  (select count(distinct user_id) from rekindle_source.recipient),
                  (select count(*) from rekindle_source.organisation),
                  (select count(distinct name) from rekindle_source.organisation)""",
    ) == (recipients, recipients, max(3, -(-recipients // 60)), max(3, -(-recipients // 60)))


def test_its_views_have_the_columns_and_types_of_the_contract(database_url):
    build(database_url, 5)
    assert view_columns(database_url) == AS_WRITTEN


def test_two_thousand_people_have_a_realistic_distribution(database_url):
    build(database_url, 2_000)
    (never, reach_10, reach_50, reach_100, often, mean, fortnight, month, day_14, active) = row(
        database_url,
        """with person as (
             select m.status, count(a.id) as activities,
                    (%(at)s at time zone 'Europe/Oslo')::date
                      - (max(a.happened_at) at time zone 'Europe/Oslo')::date as days
             from programme.mentors m left join programme.activity_log a on a.mentor_id = m.id group by m.id
           )
           select avg((activities = 0)::int), avg((activities >= 10)::int), avg((activities >= 50)::int),
                  avg((activities >= 100)::int), count(*) filter (where activities >= 200), avg(activities),
                  count(*) filter (where days >= 14) * 1.0 / count(*),
                  count(*) filter (where days >= 30) * 1.0 / count(*),
                  count(*) filter (where days = 14), avg((status = 'active')::int)
           from person""",
        {"at": AT},
    )
    assert 0.03 < never < 0.10
    assert 0.18 < reach_10 < 0.35
    assert 0.02 < reach_50 < 0.08
    assert 0.008 < reach_100 < 0.04
    assert often >= 3
    assert 10 <= mean <= 20
    assert 0.20 <= fortnight <= 0.35
    assert 0.10 <= month <= fortnight
    assert day_14 > 0
    assert 0.92 < active < 0.98


def test_two_thousand_people_have_certificates_that_run_out_on_every_day_that_matters(database_url):
    build(database_url, 2_000)
    (people, most, earliest, latest, *days) = row(
        database_url,
        """with certificate as (
             select mentor_id, valid_until - (%(at)s at time zone 'Europe/Oslo')::date as days
             from programme.certificates
           )
           select count(distinct mentor_id) filter (where days between 0 and 30) / 2000.0,
                  (select max(n) from (select count(*) as n from certificate group by mentor_id) held),
                  min(days), max(days), count(*) filter (where days = 0), count(*) filter (where days = 1),
                  count(*) filter (where days = 7), count(*) filter (where days = 30)
           from certificate""",
        {"at": AT},
    )
    assert 0.05 <= people <= 0.10
    assert most == 3
    assert -200 <= earliest < -150
    assert 650 < latest <= 700
    assert min(days) >= 20


def test_a_hundred_people_are_enough_to_have_one_certificate_for_each_reminder(database_url):
    for seed in range(5):
        build(database_url, 100, seed=seed)
        (days,) = row(
            database_url,
            """select array_agg(distinct valid_until - (%(at)s at time zone 'Europe/Oslo')::date)
               from programme.certificates""",
            {"at": AT},
        )
        assert {0, 1, 7, 30} <= set(days)
        drop(database_url)


def test_organisations_are_of_very_different_sizes_and_keep_to_their_own_chapters(database_url):
    build(database_url, 2_000)
    largest, median, strangers, most, fewest, without = row(
        database_url,
        """with size as (
             select o.id, (select count(*) from programme.mentors m where m.organisation_id = o.id) as people,
                    (select count(*) from programme.chapters c where c.organisation_id = o.id) as chapters
             from programme.organisations o
           )
           select max(people), percentile_disc(0.5) within group (order by people),
                  (select count(*) from programme.mentors m join programme.chapters c on c.id = m.chapter_id
                   where c.organisation_id <> m.organisation_id), max(chapters), min(chapters),
                  (select avg((chapter_id is null)::int) from programme.mentors)
           from size""",
    )
    assert largest > 10 * median > 0
    assert strangers == 0
    assert 1 <= fewest < most <= 8
    assert 0 < without < 0.08


def test_time_zones_and_locales_are_mixed_sometimes_missing_and_seldom_misspelt(database_url):
    build(database_url, 2_000)
    oslo, zones, far, missing, misspelt, locales, no_locale = row(
        database_url,
        """select avg((timezone is not distinct from 'Europe/Oslo')::int), count(distinct timezone),
                  count(distinct timezone) filter (
                    where timezone in ('Pacific/Auckland', 'America/New_York', 'Asia/Kolkata')),
                  avg((timezone is null)::int),
                  avg((timezone is not null and not exists (
                    select from pg_timezone_names z where z.name = r.timezone))::int),
                  array_agg(distinct locale), avg((locale is null)::int)
           from rekindle_source.recipient r""",
    )
    assert oslo > 0.5
    assert zones > 10
    assert far == 3
    assert 0 < missing < 0.06
    assert 0 < misspelt < 0.01
    assert {"nb", "nb-NO", "en", "sv"} <= set(locales)
    assert 0.04 < no_locale < 0.13


def test_tokens_look_like_fcm_tokens_are_unique_and_say_that_they_are_fake(database_url):
    build(database_url, 2_000)
    with psycopg.connect(database_url) as connection:
        devices = connection.execute("select token, target_kind, platform from rekindle_source.device_token").fetchall()
        held = connection.execute(
            """select count(t.token) from programme.mentors m left join programme.push_tokens t on t.mentor_id = m.id
               group by m.id"""
        ).fetchall()
    tokens = [token for token, kind, _ in devices if kind == "token"]
    fids = [token for token, kind, _ in devices if kind == "fid"]
    assert len({token for token, _, _ in devices}) == len(devices) == len(tokens) + len(fids)
    assert all(re.fullmatch(r"fake[A-Za-z0-9_-]{18}:APA91bFAKE[A-Za-z0-9_-]{130}", token) for token in tokens)
    assert all(re.fullmatch(r"fake[A-Za-z0-9_-]{18}", fid) for fid in fids)
    assert 0 < len(fids) < len(tokens) / 10
    assert {platform for _, _, platform in devices} == {"android", "ios", "web"}
    shares = [sum(count == n for (count,) in held) / 2_000 for n in range(4)]
    assert sum(shares) == 1
    assert 0.05 < shares[0] < 0.11
    assert shares[1] > 0.6
    assert shares[2] > shares[3] > 0.02


def test_nothing_lies_in_the_future_and_nobody_was_active_before_joining(database_url):
    build(database_url, 500, at=None)
    assert row(
        database_url,
        """select (select count(*) from programme.activity_log where happened_at > now()),
                  (select count(*) from programme.push_tokens where last_seen_at > now()),
                  (select count(*) from programme.activity_log a join programme.mentors m on m.id = a.mentor_id
                   where a.happened_at < m.joined_at)""",
    ) == (0, 0, 0)
    assert row(database_url, "select now() - max(happened_at) < '1 day' from programme.activity_log") == (True,)


def test_a_few_people_opted_out_of_all_or_of_one_scenario(database_url):
    build(database_url, 2_000)
    everything, one, back = row(
        database_url,
        """select count(*) filter (where opted_out and scenario_type is null),
                  count(*) filter (where opted_out and scenario_type in ('inactivity', 'milestone', 'expiry')),
                  count(*) filter (where not opted_out)
           from rekindle_source.preference""",
    )
    assert 5 < everything < 60
    assert 5 < one < 80
    assert back > 0


def test_the_worker_reads_the_views_and_not_the_tables(database_url):
    build(database_url, 20)
    with psycopg.connect(database_url) as connection:
        connection.execute("set role rekindle_worker")
        for view in CONTRACT:
            connection.execute(f"select * from rekindle_source.{view}").fetchall()
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("select * from programme.mentors")


def test_the_random_functions_are_not_left_in_the_database(database_url):
    before = row(database_url, "select count(*) from pg_proc")
    build(database_url, 20)
    # The temporary functions of the session that filled the tables disappear shortly after it
    # closes.
    deadline = time.monotonic() + 10
    while row(database_url, "select count(*) from pg_proc") != before:
        assert time.monotonic() < deadline


def test_a_schema_that_exists_already_is_left_unchanged(database_url):
    with psycopg.connect(database_url) as connection:
        connection.execute("create schema programme")
        connection.execute("create table programme.mentors as select 1 as ours")
    with pytest.raises(psycopg.errors.DuplicateSchema):
        build(database_url, 20)
    assert row(database_url, "select ours, to_regclass('programme.chapters') from programme.mentors") == (1, None)


def test_twenty_thousand_people_take_seconds(database_url):
    started = time.monotonic()
    build(database_url, 20_000)
    assert time.monotonic() - started < 30
    assert row(database_url, "select count(*) from programme.mentors") == (20_000,)


@pytest.mark.parametrize(
    ("recipients", "seed", "at"),
    [
        (0, 1, None),
        (MAX_RECIPIENTS + 1, 1, None),
        (5, -1, None),
        (5, 2**63, None),
        (5, 1, datetime(2026, 1, 1)),  # noqa: DTZ001
    ],
)
def test_a_programme_that_cannot_be_made_is_refused_before_any_statement(recipients, seed, at):
    with pytest.raises(BadArgument):
        statements(recipients, seed, at=at)


def test_the_largest_seed_is_taken(database_url):
    build(database_url, 3, seed=2**63 - 1)
    assert row(database_url, "select count(*) from programme.mentors") == (3,)


def test_init_writes_a_configuration_that_loads_with_the_three_scenarios(tmp_path: Path):
    written = write_init_files(tmp_path)
    assert written == [tmp_path / "rekindle.toml", tmp_path / "source.sql"]
    assert sorted(tmp_path.iterdir()) == sorted(written)
    config = load_config(tmp_path / "rekindle.toml")
    assert config.dispatcher.kind == "fcm"
    scenarios = {name: scenario.model_dump() for name, scenario in config.scenario.items()}
    assert {name: (s["kind"], s["cooldown"], set(s["message"])) for name, s in scenarios.items()} == {
        "inactivity": ("inactivity", 7 * 86_400, {"en", "nb"}),
        # Less than a day: a cooldown as long as the interval would miss every second day.
        "milestone": ("milestone", 22 * 3_600, {"en", "nb"}),
        "expiry": ("expiry", 22 * 3_600, {"en", "nb"}),
    }
    assert scenarios["inactivity"]["after"] == [14, 30]
    assert scenarios["milestone"]["at"] == [10, 50, 100]
    assert scenarios["expiry"]["before"] == [1, 7, 30]
    assert all(int(s["schedule"].split()[0]) % 15 for s in scenarios.values())


def test_the_query_that_init_leaves_as_a_comment_runs_on_the_sample_programme(database_url, tmp_path: Path):
    path = write_init_files(tmp_path)[0]
    head, mark, tail = path.read_text("utf-8").partition("# [scenario.first-activity]\n")
    path.write_text(
        head + "".join(line.removeprefix("# ") for line in (mark + tail).splitlines(keepends=True)), "utf-8"
    )
    scenario = load_config(path).scenario["first-activity"]
    assert scenario.kind == "sql"
    assert scenario.query is not None
    build(database_url, 2_000, at=None)
    with psycopg.connect(database_url) as connection:
        connection.execute("set role rekindle_worker")
        connection.execute("set transaction read only")
        cursor = connection.execute(scenario.query)
        assert [(column.name, column.type_display) for column in cursor.description or ()] == [
            ("user_id", "uuid"),
            ("occurrence", "text"),
            ("variables", "jsonb"),
        ]
        rows = cursor.fetchall()
    assert rows
    assert all(occurrence == "first activity" and set(variables) == {"first_on"} for _, occurrence, variables in rows)


def test_the_views_that_init_writes_are_those_of_the_contract_and_can_be_made_again(database_url, tmp_path: Path):
    source = write_init_files(tmp_path)[1].read_text("utf-8")
    build(database_url, 20)
    for _ in range(2):
        with psycopg.connect(database_url, autocommit=True) as connection:
            connection.execute("drop view if exists rekindle_source.chapter")
            connection.execute(source)
        assert view_columns(database_url) == AS_WRITTEN
    with psycopg.connect(database_url) as connection:
        connection.execute("set role rekindle_worker")
        assert connection.execute("select count(*) from rekindle_source.recipient").fetchone() == (20,)


def test_the_views_that_init_writes_change_nothing_on_a_database_that_they_were_not_edited_for(
    database_url, tmp_path: Path
):
    source = write_init_files(tmp_path)[1].read_text("utf-8")
    before = row(database_url, "select count(*) from pg_class"), row(database_url, "select count(*) from pg_namespace")
    with psycopg.connect(database_url, autocommit=True) as connection:
        with pytest.raises(psycopg.errors.UndefinedTable, match=r"programme\.mentors.*\n.*EDIT"):
            connection.execute(source)
        connection.execute("rollback")
    assert before == (
        row(database_url, "select count(*) from pg_class"),
        row(database_url, "select count(*) from pg_namespace"),
    )


def test_the_indexes_that_init_recommends_can_be_created_unchanged(database_url, tmp_path: Path):
    source = write_init_files(tmp_path)[1].read_text("utf-8")
    commented = "\n".join(line.removeprefix("--").partition("--")[0] for line in source.splitlines())
    advised = re.findall(r"create index concurrently[^;]*;", commented)
    names = [statement.split()[6] for statement in advised]
    build(database_url, 20)
    with psycopg.connect(database_url, autocommit=True) as connection:
        for name, statement in zip(names, advised, strict=True):
            connection.execute(f"drop index if exists programme.{name}".encode())
            connection.execute(statement)
        made = connection.execute(
            "select pg_get_indexdef(('programme.' || name)::regclass) from unnest(%s::text[]) as name", [names]
        )
        assert [definition.partition(" ON ")[2] for (definition,) in made] == [
            "programme.activity_log USING btree (mentor_id, happened_at)",
            "programme.certificates USING btree (valid_until)",
            "programme.shifts USING btree (mentor_id, starts_at)",
            "programme.shifts USING btree (starts_at)",
            "programme.push_tokens USING btree (mentor_id)",
            "programme.push_tokens USING btree (token)",
        ]


@pytest.mark.parametrize("there", ["rekindle.toml", "source.sql"])
def test_init_overwrites_nothing_and_writes_nothing_where_one_of_its_files_exists(tmp_path: Path, there: str):
    (tmp_path / there).write_text("ours")
    with pytest.raises(BadArgument, match=there) as caught:
        write_init_files(tmp_path)
    assert caught.value.code == "RK106"
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [(there, "ours")]


def test_init_replaces_both_files_when_told_to(tmp_path: Path):
    for name in ("rekindle.toml", "source.sql"):
        (tmp_path / name).write_text("ours")
    written = write_init_files(tmp_path, force=True)
    assert sorted(tmp_path.iterdir()) == sorted(written)
    assert "ours" not in {path.read_text("utf-8") for path in written}
    load_config(written[0])


def test_init_replaces_nothing_if_a_folder_has_the_name_of_its_file(tmp_path: Path):
    (tmp_path / "rekindle.toml").write_text("ours")
    (tmp_path / "source.sql").mkdir()
    with pytest.raises(BadArgument):
        write_init_files(tmp_path, force=True)
    assert (tmp_path / "rekindle.toml").read_text() == "ours"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["rekindle.toml", "source.sql"]


def test_init_requires_a_folder_that_exists(tmp_path: Path):
    with pytest.raises(BadArgument):
        write_init_files(tmp_path / "nowhere")
    assert list(tmp_path.iterdir()) == []
