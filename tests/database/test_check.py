"""The check of the source views: what is missing, and whether an index serves the activities."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from conftest import one_server
from rekindle.engine.check import check
from rekindle.model import Place
from rekindle.postgres.source import PostgresSource
from rekindle.scenario import Config
from team.programme import Programme, open_programme, scenario, wanted

server = one_server

DIRECT = "select user_id, activity_date from log"
TABLE = "create table log (user_id uuid not null, activity_date timestamptz not null, kind text, organisation_id uuid);"
PARTITIONED = (
    "create table log (user_id uuid not null, activity_date timestamptz not null) partition by range (activity_date);"
    "create table log_2025 partition of log for values from ('2025-01-01') to ('2026-01-01');"
    "create table log_2026 partition of log for values from ('2026-01-01') to ('2027-01-01');"
)
HELPED = {
    "a composite index": (TABLE + "create index on log (user_id, activity_date)", DIRECT),
    "a descending index": (TABLE + "create index on log (user_id, activity_date desc)", DIRECT),
    "an index that includes more": (TABLE + "create index on log (user_id, activity_date, kind)", DIRECT),
    "a primary key": (TABLE + "alter table log add primary key (user_id, activity_date)", DIRECT),
    "a column of type date": (
        TABLE.replace("timestamptz", "date") + "create index on log (user_id, activity_date)",
        DIRECT,
    ),
    "a column of type timestamp": (
        TABLE.replace("timestamptz", "timestamp") + "create index on log (user_id, activity_date)",
        DIRECT,
    ),
    "a view with a condition": (
        TABLE + "create index on log (user_id, activity_date)",
        DIRECT + " where kind <> 'login'",
    ),
    "an index on each of many partitions": (PARTITIONED + "create index on log (user_id, activity_date)", DIRECT),
    "two tables": (
        TABLE
        + "create table calls (caller uuid, at timestamptz); create index on calls (caller, at);"
        + "create index on log (user_id, activity_date)",
        DIRECT + " union all select caller, at from calls",
    ),
    "an index beside a worse one": (
        TABLE + "create index on log (user_id); create index on log (user_id, activity_date)",
        DIRECT,
    ),
}
UNHELPED = {
    "no index": (TABLE, DIRECT),
    "an index on the person": (TABLE + "create index on log (user_id)", DIRECT),
    "an index on the date": (TABLE + "create index on log (activity_date)", DIRECT),
    "one index on each": (TABLE + "create index on log (user_id); create index on log (activity_date)", DIRECT),
    "a column between": (TABLE + "create index on log (user_id, organisation_id, activity_date)", DIRECT),
    "the wrong order": (TABLE + "create index on log (activity_date, user_id)", DIRECT),
    "a cast to date": (
        TABLE + "create index on log (user_id, activity_date)",
        "select user_id, activity_date::date as activity_date from log",
    ),
    "an index on some partitions": (PARTITIONED + "create index on log_2026 (user_id, activity_date)", DIRECT),
    "an index for some rows": (
        TABLE + "create index on log (user_id, activity_date) where kind = 'visit'",
        DIRECT,
    ),
    "two tables of which one has none": (
        TABLE
        + "create table calls (caller uuid, at timestamptz); create index on calls (caller);"
        + "create index on log (user_id, activity_date)",
        DIRECT + " union all select caller, at from calls",
    ),
}


@pytest.fixture
async def programme(database_url: str) -> AsyncIterator[Programme]:
    async with open_programme(database_url) as programme:
        yield programme


async def served(programme: Programme, tables: str, view: str) -> bool:
    await programme.sql.execute(f"drop view rekindle_source.activity; {tables}")
    await programme.sql.execute(f"create view rekindle_source.activity as {view}")
    return await PostgresSource(programme.database).has_activity_index()


@pytest.mark.parametrize("what", sorted(HELPED))
async def test_an_index_on_person_and_date_is_found(programme: Programme, what: str) -> None:
    assert await served(programme, *HELPED[what]) is True


@pytest.mark.parametrize("what", sorted(UNHELPED))
async def test_any_other_index_does_not_count_as_one_on_person_and_date(programme: Programme, what: str) -> None:
    assert await served(programme, *UNHELPED[what]) is False


async def test_the_answer_is_the_same_with_rows_in_the_table_as_without(programme: Programme) -> None:
    fill = "insert into log select gen_random_uuid(), now() - make_interval(mins => n) from generate_series(1, 5000) n;"
    assert await served(programme, f"{TABLE} {fill} create index on log (user_id, activity_date); analyze log", DIRECT)
    await programme.sql.execute("drop index log_user_id_activity_date_idx; create index on log (user_id); analyze log")
    assert not await PostgresSource(programme.database).has_activity_index()


async def test_looking_for_the_index_leaves_the_planner_as_it_was(programme: Programme) -> None:
    source = PostgresSource(programme.database)
    assert await source.has_activity_index()
    for _ in range(4):
        row = await programme.database.row(
            "select current_setting('enable_seqscan') as a, current_setting('enable_sort') as b"
        )
        assert row == {"a": "on", "b": "on"}


async def test_valid_views_give_no_notes(programme: Programme) -> None:
    config = Config.model_validate({"scenario": {"one": wanted().model_dump(exclude_none=True)}})
    findings = await check(config, PostgresSource(programme.database))
    assert [finding for finding in findings if finding.fault or finding.note] == []
    assert {finding.subject for finding in findings} >= {"recipient", "device_token", "chapter", "recipients"}


async def test_a_missing_index_for_the_outcome_is_a_note_where_no_kind_of_scenario_needs_it(
    programme: Programme,
) -> None:
    config = Config.model_validate({"scenario": {"one": wanted().model_dump(exclude_none=True)}})
    await programme.sql.execute("drop index team.activity_user_id_activity_date_idx")
    [note] = [one for one in await check(config, PostgresSource(programme.database)) if one.fault or one.note]
    assert note.fault is None
    assert note.message == (
        "no index on (user_id, activity_date) serves rekindle_source.activity; no enabled scenario needs it, "
        "but without one a run reads the whole view to see whether people came back"
    )


async def test_the_check_counts_recipients_without_a_zone_and_without_a_token(programme: Programme) -> None:
    await programme.person()
    await programme.person(timezone=None)
    await programme.person(timezone="Mars/Olympus", tokens=())
    await programme.person(tokens=("",))
    await programme.person(active=False, tokens=())
    counts = await PostgresSource(programme.database).counts()
    assert (counts.recipients, counts.without_timezone, counts.without_token) == (4, 2, 2)


READ = "people read the text for en, because there is none in their language:"


async def test_what_is_unusual_in_the_rows_is_noted_in_numbers(programme: Programme) -> None:
    locales = ["de_AT", "de", "iw", "zh-TW", "a person's note", "nb"]
    people = [await programme.person(locale=locale) for locale in locales]
    people += [await programme.person(locale=None), await programme.person(locale="fr", active=False)]
    await programme.token(people[0], f" token-{people[1]}", kind="fcm")
    await programme.token(people[1], "old", registered_at="2020-01-01")
    await programme.token(people[1], "never", registered_at="-infinity")
    await programme.token(people[2], f"token-{people[1]}", kind="a secret token that is in the wrong column")
    await programme.activity(people[0], "2205-01-01", "9999-12-31", "0001-01-01", "2020-01-01")
    await programme.certificate(people[0], "9999-12-31")
    await programme.certificate(people[0], "infinity")
    await programme.certificate(people[0], "1970-01-01")
    text = {"title": "t", "body": "b"}
    both = {"message": {"en": text, "he": text, "zh-Hans": text}}
    kinds = {
        "away": scenario("inactivity", after=["14d"], **both),
        "renew": scenario("expiry", before=["7d"], **both),
        "own": wanted(message=dict.fromkeys(("en", "de", "he", "zh-Hant", "nb"), text)),
    }
    config = Config.model_validate(
        {"scenario": {name: one.model_dump(exclude_none=True) for name, one in kinds.items()}}
    )
    findings = await check(config, PostgresSource(programme.database))
    assert [(one.subject, one.message) for one in findings if one.note or one.subject == "locales"] == [
        ("device_token", "1 token belongs to 3 people; only the newest registration of a token counts"),
        (
            "device_token",
            (
                "1 device was registered more than 270d ago, when FCM lets registrations of Android expire; leave them "
                'out with devices = { max_age = "270d" } in [policy]'
            ),
        ),
        ("device_token", "no push is sent to a target_kind other than token and fid; there are fcm 1, other 1"),
        (
            "activity",
            "2 activities lie ahead, which does not count until it has happened; the last day is 9999-12-31",
        ),
        ("activity", "1 activity before 1970-01-02, which counts as none"),
        ("certification", "2 certificates expire in more than 100 years, which is never due; the last day is infinity"),
        ("certification", "1 certificate expires before 1970-01-02, which is never due"),
        (
            "locales",
            f"scenario away, renew: 6 {READ} de 2, nb 1, no locale 1, not a locale 1, zh-Hant 1",
        ),
        (
            "locales",
            f"scenario own: 2 {READ} no locale 1, not a locale 1",
        ),
    ]


@pytest.mark.parametrize(
    ("change", "kind", "code"),
    [
        ("drop view rekindle_source.activity", "inactivity", "RK301"),
        ("drop view rekindle_source.certification", "expiry", "RK301"),
        ("alter view rekindle_source.recipient rename column locale to language", "expiry", "RK302"),
        ("drop index team.activity_user_id_activity_date_idx", "inactivity", "RK303"),
    ],
)
async def test_each_thing_that_a_scenario_needs_and_lacks_has_an_error_code(
    programme: Programme, change: str, kind: str, code: str
) -> None:
    one = scenario("inactivity", after=["14d"]) if kind == "inactivity" else scenario("expiry", before=["7d"])
    config = Config(scenario={"one": one.model_dump(exclude_none=True)})
    source = PostgresSource(programme.database)
    assert [finding for finding in await check(config, source) if finding.fault] == []
    await programme.sql.execute(change.encode())
    assert [finding.fault.code for finding in await check(config, source) if finding.fault] == [code]


async def test_a_missing_view_is_one_fault_and_not_one_per_text_that_names_its_columns(
    programme: Programme,
) -> None:
    texts = {
        "en": {"title": "Hi {first_name}", "body": "{days} days"},
        "nb": {"title": "Hei {first_name}", "body": "b"},
    }
    two = {"one": {"message": texts}, "two": {"message": {"en": {"title": "{days}", "body": "b"}}}}
    config = Config(
        scenario={
            name: scenario("inactivity", after=["14d"]).model_dump(exclude_none=True) | keys
            for name, keys in two.items()
        }
    )
    await programme.sql.execute(b"drop view rekindle_source.recipient cascade")
    findings = await check(config, PostgresSource(programme.database))
    assert [finding.fault.code for finding in findings if finding.fault] == ["RK301"]
    said = [finding.message for finding in findings if finding.subject in two]
    assert said == [
        "scenario one: its texts are checked once rekindle_source.recipient exists",
        "scenario two: every text can be rendered",
    ]


async def test_a_column_of_the_wrong_type_is_reported_with_the_type_that_it_must_have(programme: Programme) -> None:
    await programme.sql.execute(
        b"drop view rekindle_source.device_token;"
        b"create type team.platform as enum ('ios');"
        b"create view rekindle_source.device_token as select user_id, token, 'token'::text as target_kind,"
        b" 'ios'::team.platform as platform from team.device"
    )
    config = Config.model_validate({"scenario": {"one": wanted().model_dump(exclude_none=True)}})
    [fault] = [finding.fault for finding in await check(config, PostgresSource(programme.database)) if finding.fault]
    assert fault.message.startswith("rekindle_source.device_token: platform is of type team.platform and must be ")
    assert "text" in fault.message
    assert "column last_registered_at (" in fault.message


async def test_a_place_without_people_gets_a_note(programme: Programme) -> None:
    here, there, nowhere, chapter = (uuid4() for _ in range(4))
    await programme.person(organisation_id=here)
    await programme.person(organisation_id=there, active=False)
    await programme.sql.execute("update team.person set chapter_id = %s", [chapter])
    await programme.sql.execute("insert into team.organisation values (%s, null, 'Granvik')", [there])
    changes = {"cooldown": 60}
    overrides = [
        {"organisation_id": str(organisation), "changes": changes, **({"chapter_id": str(inner)} if inner else {})}
        for organisation in (here, there, nowhere)
        for inner in (None, chapter, nowhere)
    ]
    one = wanted(overrides=overrides)
    source = PostgresSource(programme.database)
    places = [said.place for said in one.overrides]
    assert set(places) - set(await source.deserted(places)) == {Place(here), Place(here, chapter)}
    config = Config.model_validate(
        {
            "scenario": {"one": wanted().model_dump(exclude_none=True)},
            "organisation": {str(id_): {"scenario": {"one": changes}} for id_ in (nowhere, here, there)},
        }
    )
    notes = [finding.message for finding in await check(config, source) if finding.subject == "overrides"]
    assert sorted(notes, key=len) == [
        f"organisation.{nowhere}: no active recipient is there",
        f"organisation.{there} (Granvik): no active recipient is there",
    ]
