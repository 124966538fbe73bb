"""The pages about people whose rows differ from the usual do what they say."""

import tomllib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from pydantic import SecretStr

from conftest import one_server
from docs.documents import blocks, read
from rekindle import Engine
from rekindle.scenario import Config
from rekindle.settings import Settings
from rekindle.testing import ScriptedDispatcher
from team.programme import Programme, open_programme

server = one_server

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
