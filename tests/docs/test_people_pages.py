"""The pages about people whose rows differ from the usual do what they say."""

import tomllib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from pydantic import SecretStr

from conftest import one_server
from docs.documents import blocks, read
from rekindle import Engine, stable_uuid
from rekindle.errors import PersonAmbiguous, PersonUnknown
from rekindle.scenario import Config
from rekindle.settings import Settings
from rekindle.testing import ScriptedDispatcher
from team.programme import TEXT, Programme, open_programme

server = one_server

INACTIVITY = {"scenario": {"inactivity": {"kind": "inactivity", "after": ["14d"], "cooldown": "7d", "message": TEXT}}}
HOME, PILOT = UUID(int=1), UUID("6f1c2b9e-5a0e-4f0b-9a53-0c8a4d6d2b11")


@pytest.fixture
async def programme(database_url: str) -> AsyncIterator[Programme]:
    async with open_programme(database_url) as programme:
        yield programme


def shown(page: str, info: str) -> str:
    """The blocks of a page in a language, one after the other."""
    return "\n".join(one.text for one in blocks(read(f"docs/how-to/{page}.md")) if one.info == info)


async def test_a_member_of_a_pilot_organisation_is_reached_there_wherever_their_home_is(
    database_url: str, programme: Programme
) -> None:
    await programme.sql.execute(
        "drop view rekindle_source.membership; create schema app; create table app.members "
        "(person_id uuid, organisation_id uuid, chapter_id uuid, left_on date)"
    )
    await programme.sql.execute(shown("several-memberships", "sql").encode())
    member, leaver, stranger = [await programme.person(organisation_id=HOME) for _ in range(3)]
    for who in (member, leaver, stranger):
        await programme.activity(who, datetime.now(UTC) - timedelta(days=20))
    for who, organisation, left_on in ((member, HOME, None), (member, PILOT, None), (leaver, PILOT, "2026-01-01")):
        await programme.sql.execute(
            "insert into app.members values (%s, %s, %s, %s)", [who, organisation, uuid4(), left_on]
        )
    config = Config.model_validate(tomllib.loads(shown("several-memberships", "toml")))
    dispatcher = ScriptedDispatcher()
    async with Engine.open(Settings(database_url=SecretStr(database_url)), config, dispatcher=dispatcher) as engine:
        assert [finding for finding in await engine.check() if finding.fault and finding.subject == "membership"] == []
        await engine.apply(checked=True)
        for _ in range(2):
            await engine.run()
        assert [(one.user_id, one.title) for one in dispatcher.sent] == [(member, "Granvik misses you")]
        explained = await engine.explain(member)
        assert [place.organisation_id for place in explained.standing.places] == [HOME, HOME, PILOT]
        assert explained.scenarios[0].place.organisation_id == PILOT
    assert await programme.value("select organisation_id from rekindle.scenario_notification") == PILOT


def part(page: str, info: str) -> bytes:
    return shown(page, info).encode()


async def test_people_with_other_ids_are_claimed_by_index_and_named_by_their_own_id(
    database_url: str, programme: Programme
) -> None:
    page = "ids-that-are-not-uuids"
    await programme.sql.execute(
        "drop schema rekindle_source cascade; create schema rekindle_source; create schema app; "
        "create table app.people (id bigint primary key, org_id bigint, time_zone text, language text, "
        "  first_name text, deleted_at timestamptz); "
        "create table app.devices (person_id bigint, token text, seen_at timestamptz); "
        "create table app.activities (person_id bigint, happened_at timestamptz); "
        "insert into app.people select n, n % 7, 'UTC', 'en', 'Ada' from generate_series(1, 5000) n; "
        "insert into app.devices select n, 't' || n, now() from generate_series(1, 5000) n; "
        "insert into app.activities select n, now() - case when n in (4711, 12) then interval '20 days' "
        "  else interval '1 day' end from generate_series(1, 5000) n"
    )
    await programme.sql.execute(part(page, "sql before"))
    await programme.sql.execute(part(page, "sql"))
    await programme.sql.execute("analyze")
    who = stable_uuid("people", 4711)
    for view in ("recipient", "device_token", "activity"):
        plan = await programme.rows(f"explain select * from rekindle_source.{view} where user_id = '{who}'")
        assert "Seq Scan" not in str(plan), plan
    plan = await programme.rows(
        "explain select user_id from rekindle_source.recipient where external_id::text = '4711'"
    )
    assert "Seq Scan" not in str(plan), plan
    config = Config.model_validate(INACTIVITY)
    dispatcher = ScriptedDispatcher()
    async with Engine.open(Settings(database_url=SecretStr(database_url)), config, dispatcher=dispatcher) as engine:
        assert [finding for finding in await engine.check() if finding.fault] == []
        await engine.apply(checked=True)
        await engine.run()
        assert {one.user_id for one in dispatcher.sent} == {who, stable_uuid("people", 12)}
        assert [await engine.person(text) for text in ("4711", str(who))] == [who, who]
        assert (await engine.explain(who)).standing.external_id == "4711"
        assert await programme.value("select count(*) from rekindle.outbox where variables ? 'external_id'") == 0
        with pytest.raises(PersonUnknown):
            await engine.person("no such person")
        nobody = uuid4()
        assert await engine.person(str(nobody)) == nobody
        await programme.sql.execute(
            "alter table app.people add other text; drop view rekindle_source.recipient; "
            "create view rekindle_source.recipient as select rekindle.stable_uuid('people', p.id) as user_id, "
            "rekindle.stable_uuid('organisations', p.org_id) as organisation_id, null::uuid as chapter_id, "
            "p.time_zone as timezone, p.language as locale, true as active, "
            "coalesce(p.other, p.id::text) as external_id from app.people p"
        )
        await programme.sql.execute("update app.people set other = %s where id = 12", [str(who)])
        with pytest.raises(PersonAmbiguous):
            await engine.person(str(who))
        await programme.sql.execute(
            "drop view rekindle_source.device_token; create view rekindle_source.device_token as select person_id as "
            "user_id, token, 'token' as target_kind, '' as platform, seen_at as last_registered_at from app.devices"
        )
        (wrong,) = [one.fault for one in await engine.check() if one.fault and one.subject == "device_token"]
        assert "rekindle.stable_uuid('people', user_id) as user_id" in wrong.hint


async def test_a_shared_phone_gets_the_pushes_of_the_person_who_is_logged_in(
    database_url: str, programme: Programme
) -> None:
    page = "shared-phones"
    await programme.sql.execute(
        "drop view rekindle_source.device_token; create schema app; "
        "create table app.devices (token text primary key, person_id uuid, seen_at timestamptz)"
    )
    await programme.sql.execute(part(page, "sql"))
    before, now = [await programme.person(tokens=()) for _ in range(2)]
    for who in (before, now):
        await programme.activity(who, datetime.now(UTC) - timedelta(days=20))
    register, logout = (
        shown(page, info).replace("$1", "%s").replace("$2", "%s") for info in ("sql register", "sql logout")
    )
    for who in (before, now):
        await programme.sql.execute(register.encode(), ["phone", who])
    config = Config.model_validate(INACTIVITY)
    dispatcher = ScriptedDispatcher()
    async with Engine.open(Settings(database_url=SecretStr(database_url)), config, dispatcher=dispatcher) as engine:
        await engine.apply(checked=True)
        report = await engine.run()
        assert ([one.user_id for one in dispatcher.sent], dict(report.scenarios[0].refusals)) == (
            [now],
            {"no_token": 1},
        )
        await programme.sql.execute(logout.encode(), ["phone"])
        assert [(one.target, one.user_id) for one in dispatcher.sent] == [("phone", now)]
        assert (await engine.explain(before)).scenarios[0].blocked_by == ("no_token",)
