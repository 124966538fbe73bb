"""The check of the texts: the type of each variable, and whether a push fits with the longest
values in the database."""

from collections import Counter
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest

from conftest import one_server
from database.statement_counter import counting
from rekindle.engine.check import check
from rekindle.engine.compose import Composer
from rekindle.engine.findings import Finding
from rekindle.engine.preview import unit_of
from rekindle.payload import MAX_PAYLOAD_BYTES
from rekindle.postgres.source import PostgresSource
from rekindle.scenario import Config
from team.programme import Programme, applied, open_programme, wanted

pytestmark = pytest.mark.slow

server = one_server

OWN_COLUMNS = (
    "points int, share numeric, joined_on date, seen_at timestamptz, team_id uuid, keen boolean, tags text[], own jsonb"
)
WANTED = "select user_id, occurrence, variables from team.wanted"


@pytest.fixture
async def programme(database_url: str) -> AsyncIterator[Programme]:
    async with open_programme(database_url) as programme:
        yield programme


def config(kind: str = "inactivity", *, title: str = "t", body: str = "b", **keys: Any) -> Config:
    """One scenario `one` with a text in English, and the further keys in `keys`."""
    due = {"inactivity": {"after": ["14d"]}, "milestone": {"at": [10]}, "expiry": {"before": ["7d"]}}
    due |= {"sql": {"query": WANTED}}
    message = {"en": {"title": title, "body": body}}
    return Config.model_validate(
        {"scenario": {"one": {"kind": kind, "cooldown": "1d", "message": message, **due[kind], **keys}}}
    )


async def check_result(programme: Programme, one: Config) -> tuple[list[str], list[str]]:
    """The check's result for the scenario: its faults, all of which are RK103, and its notes."""
    findings = [finding for finding in await check(one, PostgresSource(programme.database)) if finding.subject == "one"]
    assert {finding.fault.code for finding in findings if finding.fault} <= {"RK103"}
    assert not any(finding.fault for finding in findings if finding.note)
    right = Finding("one", "scenario one: every text can be rendered")
    assert (right in findings) == (not any(finding.fault for finding in findings))
    faults = [finding.message for finding in findings if finding.fault]
    return faults, [finding.message for finding in findings if finding.note]


async def test_a_text_that_can_never_be_sent_is_refused_and_the_longest_place_named(programme: Programme) -> None:
    one = config(title="t" * 1_500, body="b" * 3_000 + "{days}")
    [fault] = [finding.fault for finding in await check(one, PostgresSource(programme.database)) if finding.fault]
    assert fault.code == "RK103"
    assert fault.message.startswith("scenario.one.message.en can never be sent: a push has at least 4,6")
    assert fault.hint == "Shorten scenario.one.message.en.body, the longest of its texts."
    shared = config(data={"k": "v" * 3_900}, link="https://example.org/" + "x" * 400)
    faults, _ = await check_result(programme, shared)
    assert len(faults) == 1
    assert await check_result(programme, config(title="t" * 1_500, body="b" * 2_000)) == ([], [])


async def test_only_the_shortest_form_decides_whether_a_text_can_never_be_sent(programme: Programme) -> None:
    long = "x" * 3_900
    one = config(title="t" * 300, body=f"{{days, plural, one {{{long}}} other {{#}}}}")
    faults, notes = await check_result(programme, one)
    assert (faults, len(notes)) == ([], 1)
    faults, notes = await check_result(programme, config(title="t" * 300, body=f"{{days, plural, other {{{long}}}}}"))
    assert len(faults) == 1


async def test_a_push_that_the_longest_values_of_today_make_too_large_is_noted_and_not_refused(
    programme: Programme,
) -> None:
    user = await programme.person(first_name="å" * 900)
    one = config(title="{first_name}", body="{first_name} {first_name}")
    faults, [note] = await check_result(programme, one)
    assert faults == []
    assert note.startswith("scenario.one.message.en: with the longest values that there are now, a push has 5,")
    assert f"FCM takes at most {MAX_PAYLOAD_BYTES:,}" in note
    await programme.sql.execute("update team.person set first_name = repeat('å', 100)")
    assert await check_result(programme, one) == ([], [])
    # People who are not active recipients get no push. A variable that no text names does not
    # count.
    await programme.person(first_name="å" * 1_000, active=False)
    assert await check_result(programme, one) == ([], [])
    await programme.sql.execute("update team.person set first_name = repeat('x', 5000) where user_id = %s", [user])
    assert await check_result(programme, config(title="{first_name}")) == ([], [])  # it is cut at 1,000 characters
    assert len((await check_result(programme, config(body="{first_name}" * 4)))[1]) == 1


async def test_the_longest_certificate_counts(programme: Programme) -> None:
    one = config("expiry", title="{certificate}", body="{certificate}" * 4)
    user = await programme.person()
    assert await check_result(programme, one) == ([], [])
    await programme.certificate(user, "2030-01-01", "é" * 450)
    assert len((await check_result(programme, one))[1]) == 1


async def test_the_longest_of_the_first_rows_of_a_query_counts(programme: Programme) -> None:
    one = config("sql", body="{points} {points} {points} {points} {points}")
    user = await programme.person()
    await programme.want(user, variables={"points": "x" * 100})
    assert await check_result(programme, one) == ([], [])
    await programme.want(user, variables={"points": "x" * 900})
    assert len((await check_result(programme, one))[1]) == 1


async def test_the_size_is_checked_for_each_language_and_each_platform(programme: Programme) -> None:
    message = {"en": {"title": "t", "body": "b" * 3_700}, "nb": {"title": "t", "body": "å" * 1_850}}
    assert await check_result(programme, config(message=message)) == ([], [])
    faults, _ = await check_result(
        programme, config(message=message, android={"channel_id": "c" * 200, "sound": "s" * 190})
    )
    assert [fault.split(" ")[0] for fault in faults] == ["scenario.one.message.en", "scenario.one.message.nb"]


NUMBER, DATE = "{%s, plural, other {#}}", "{%s, date}"


@pytest.mark.parametrize(
    ("kind", "variable", "fit_for"),
    [
        ("inactivity", "days", "number"),
        ("inactivity", "stage", "number"),
        ("inactivity", "last_activity_on", "date"),
        ("milestone", "activities", "number"),
        ("milestone", "mark", "number"),
        ("expiry", "certificate", ""),
        ("expiry", "expires_on", "date"),
        ("expiry", "days_left", "number"),
        ("expiry", "threshold", "number"),
        ("expiry", "first_name", "date time"),  # a text value may be a date, but never a number
        ("expiry", "points", "number"),
        ("expiry", "share", "number"),
        ("expiry", "joined_on", "date"),
        ("expiry", "seen_at", "date time"),
        ("expiry", "team_id", ""),
        ("expiry", "keen", ""),
        ("expiry", "own", "number date time list"),
        ("expiry", "tags", "list"),
        ("sql", "count", "number"),
        ("sql", "day", "date"),
        ("sql", "word", ""),
        ("sql", "both", "number date"),
        ("sql", "nothing", "number date time list"),
        ("sql", "names", "list"),
        ("sql", "flag", ""),
    ],
)
async def test_a_plural_requires_a_number_a_date_field_a_date_a_time_field_an_instant_and_a_list_items(
    programme: Programme, kind: str, variable: str, fit_for: str
) -> None:
    columns = ", ".join(f"null::{one.split()[1]} as {one.split()[0]}" for one in OWN_COLUMNS.split(", "))
    await programme.sql.execute(
        f"create or replace view rekindle_source.recipient as select user_id, organisation_id, chapter_id, timezone, "
        f"locale, active, first_name, {columns} from team.person".encode()
    )
    user = await programme.person()
    values = {"count": 5, "day": "2026-01-31", "word": "five", "nothing": None, "flag": True, "names": ["x", 1]}
    await programme.want(user, variables=values | {"both": 1})
    await programme.sql.execute(
        "insert into team.wanted select user_id, 'other', '{\"both\": \"2026-01-31\"}' from team.person"
    )
    assert (await check_result(programme, config(kind, body=f"{{{variable}}}")))[0] == []
    for text, need in ((NUMBER, "number"), (DATE, "date"), ("{%s, time}", "time"), ("{%s, list}", "list")):
        faults, _ = await check_result(programme, config(kind, body=text % variable))
        says = f"scenario.one.message.en.body: {variable} must be a {need}"
        assert faults == ([] if need in fit_for.split() else [says])


async def test_a_value_for_programs_in_a_text_for_people_is_noted(programme: Programme) -> None:
    await programme.sql.execute(
        "create or replace view rekindle_source.recipient as select user_id, organisation_id, chapter_id, timezone, "
        "locale, active, first_name, true as keen, array['a'] as tags, '{}'::jsonb as one, 5 as price from team.person"
    )
    user = await programme.person()
    await programme.want(user, variables={"flag": True, "list": [1], "object": {}, "word": "x", "none": None})
    read = "as JSON, such as true or [1, 2], because it is a boolean, a list or an object"
    for kind, body, said in [
        ("expiry", "{keen} {tags} {one} {price} {first_name}", "keen, one, tags"),
        ("sql", "{flag} {list} {object} {word} {none}", "flag, list, object"),
        ("expiry", "{price} {first_name} {tags, list}", None),
    ]:
        _, notes = await check_result(programme, config(kind, body=body, data={"k": "{keen}"}))
        expected = f"scenario.one.message.en.body: people read {said} {read}"
        assert [note for note in notes if "as JSON" in note] == ([expected] if said else [])


async def test_values_of_every_type_arrive_as_the_database_writes_them(programme: Programme) -> None:
    await programme.sql.execute(
        "create or replace view rekindle_source.recipient as select user_id, organisation_id, chapter_id, timezone, "
        "locale, active, first_name, true as b, 12.50::numeric(8,2) as n, 0.1::float8 as f, 1e-7::numeric as t, "
        "array['chess', 'tea'] as a, '{\"id\": 7, \"w\": null, \"p\": 1.50}'::jsonb as j, date '2026-01-31' as d, "
        "'\\x6869'::bytea as y, int4range(1, 5) as r, 9007199254740993 as i from team.person"
    )
    await programme.want(await programme.person())
    one = wanted(message={"en": {"title": "{b} {n} {f} {t}", "body": "{d} {y} {r} {i}"}}, data={"a": "{a}", "j": "{j}"})
    (candidate,) = (await programme.due(one)).values()
    shown = Composer(one).message(unit_of(candidate, applied(one), "token", "t", claim_id=UUID(int=1)))
    _, (claimed,) = await programme.claimed_units(one)
    for message in (shown, Composer(one).message(claimed)):
        assert (message.title, message.body) == (
            "true 12.50 0.1 0.0000001",
            "2026-01-31 \\x6869 [1,5) 9007199254740993",
        )
        assert message.data == {"a": '["chess", "tea"]', "j": '{"p": 1.50, "w": null, "id": 7}'}


TEXT_OF_ONE_FORM = {"title": "t", "body": "{days, plural, other {#}}"}


async def test_a_form_that_a_language_distinguishes_and_a_text_lacks_is_noted(programme: Programme) -> None:
    text = {"title": "t", "body": "{days, plural, one {x} other {y}}"}
    faults, notes = await check_result(
        programme, config(message={"en": text, "pl": text, "fr": text, "ja": TEXT_OF_ONE_FORM})
    )
    assert faults == []
    assert notes == [
        "scenario.one.message.pl.body: the plural of days has no form few, many; the form other is used instead"
    ]


async def statements(database_url: str, people: int) -> Counter[str]:
    async with counting(database_url) as counter, open_programme(database_url, ledger_url=counter.url) as programme:
        await programme.people(people)
        one = config("expiry", title="{first_name} {certificate}")
        two = config("sql", title="{first_name}").scenario["one"]
        both = one.model_copy(update={"scenario": {**one.scenario, "two": two}})
        counter.statements.clear()
        await check(both, PostgresSource(programme.database))
        counted = Counter(counter.statements)
        await programme.sql.execute("drop schema team cascade; drop schema rekindle_source cascade")
        return counted


async def test_the_check_takes_the_same_statements_whatever_the_number_of_people(database_url: str) -> None:
    few, many = await statements(database_url, 10), await statements(database_url, 500)
    assert few == many
    assert sum("rekindle:longest" in text for text in many) == 2


async def test_the_texts_of_every_place_are_checked_and_named_by_their_position(programme: Programme) -> None:
    oslo, centre = "6f1c2b9e-0000-4000-8000-00000000000a", "6f1c2b9e-0000-4000-8000-0000000000c1"
    scenario = config(title="{nobody}").scenario["one"].model_dump(exclude_none=True)
    one: dict[str, Any] = {"scenario": {"one": scenario}}
    long = {"link": "https://example.org/" + "x" * 3_900, "data": {"k": "v" * 500}}
    one["organisation"] = {
        oslo: {
            "scenario": {"one": {"message": {"en": {"body": "{nothing} {days, plural, one {#} other {#}}"}}}},
            "chapter": {centre: {"scenario": {"one": long}}},
        }
    }
    faults, _ = await check_result(programme, Config.model_validate(one))
    assert [fault.partition(" ")[0] for fault in faults] == [
        "scenario.one.message.en.title",
        f"organisation.{oslo}.scenario.one.message.en.body",
        f"organisation.{oslo}.chapter.{centre}.scenario.one.message.en",
    ]
    assert "names nothing" in faults[1]
    assert "can never be sent" in faults[2]


async def test_the_options_of_a_place_count_towards_the_size(programme: Programme) -> None:
    place = "6f1c2b9e-0000-4000-8000-00000000000a"
    scenario = config(body="b" * 3_700).scenario["one"].model_dump(exclude_none=True)
    heavy = {"android": {"channel_id": "c" * 200, "sound": "s" * 200}}
    base: dict[str, Any] = {"scenario": {"one": scenario}}
    assert await check_result(programme, Config.model_validate(base)) == ([], [])
    faults, _ = await check_result(
        programme, Config.model_validate(base | {"organisation": {place: {"scenario": {"one": heavy}}}})
    )
    assert [fault.partition(" ")[0] for fault in faults] == [f"organisation.{place}.scenario.one.message.en"]
