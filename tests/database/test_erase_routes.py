"""Erasing and exporting over HTTP: only an admin may, only within their organisations, and
repeating it is harmless."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast
from uuid import UUID, uuid4

import httpx
import pytest

from conftest import one_server
from rekindle.access import Actor
from rekindle.api.access import Access
from rekindle.api.app import build
from rekindle.api.runs import Runs
from rekindle.app import Engine
from rekindle.model import Acceptance
from rekindle.scenario import Config
from rekindle.testing import ScriptedDispatcher
from team.programme import Programme, open_programme, wanted

server = one_server

HERE, THERE = UUID(int=1), UUID(int=2)
ACTORS = {
    b"admin": Actor("key", "admin", "admin"),
    b"here": Actor("key", "here", "admin", frozenset({HERE})),
    b"both": Actor("person", "anna@example.org", "admin", frozenset({HERE, THERE})),
    b"operator": Actor("key", "operator", "operate"),
}


class Known:
    async def actor(self, shown: bytes) -> Actor | None:
        return ACTORS.get(shown)


@pytest.fixture
async def programme(database_url: str) -> AsyncIterator[Programme]:
    async with open_programme(database_url) as programme:
        yield programme


@asynccontextmanager
async def client(programme: Programme) -> AsyncGenerator[httpx.AsyncClient]:
    engine = Engine(programme.database, Config(), ScriptedDispatcher())
    api = build(engine, cast("Runs", None), Access([Known()]), docs=False)
    transport = httpx.ASGITransport(app=api)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as one:
        yield one


async def ask(
    programme: Programme, method: str, user_id: UUID | str, *, key: str = "admin", query: str = ""
) -> httpx.Response:
    async with client(programme) as one:
        path = f"/v1/people/{user_id}{'/export' if method == 'GET' else ''}{query}"
        return await one.request(method, path, headers={"apikey": key})


async def nudged(programme: Programme, organisation_id: UUID) -> UUID:
    """A person of an organisation, who has had a push and is no recipient any more."""
    user_id = await programme.person(organisation_id=organisation_id)
    await programme.want(user_id)
    run_id, units = await programme.armed_units()
    await programme.store.record(run_id, [Acceptance(unit, "n") for unit in units])
    await programme.sql.execute("update team.person set active = false")
    return user_id


async def test_an_erasure_over_http_is_that_of_the_command_and_may_be_repeated(programme: Programme) -> None:
    user_id = await nudged(programme, HERE)
    exported = (await ask(programme, "GET", user_id)).json()
    first, second = [await ask(programme, "DELETE", user_id) for _ in range(2)]
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.json()["rows"] == {table: len(rows) for table, rows in exported["tables"].items()}
    assert sum(first.json()["rows"].values()) == 3
    assert set(second.json()["rows"].values()) == {0}
    actors = await programme.rows("select actor from rekindle.audit where action like 'person.%%'")
    assert [row["actor"] for row in actors] == ["key admin"] * 3


async def test_an_active_recipient_is_409_and_is_erased_by_force(programme: Programme) -> None:
    user_id = await nudged(programme, HERE)
    await programme.sql.execute("update team.person set active = true")
    refused = await ask(programme, "DELETE", user_id)
    assert (refused.status_code, refused.json()["code"]) == (409, "RK750")
    forced = await ask(programme, "DELETE", user_id, query="?force=true")
    assert (forced.status_code, forced.json()["still_recipient"]) == (200, True)


@pytest.mark.parametrize("method", ["DELETE", "GET"])
async def test_it_needs_the_scope_admin(programme: Programme, method: str) -> None:
    answer = await ask(programme, method, uuid4(), key="operator")
    assert (answer.status_code, answer.json()["code"]) == (403, "RK712")


@pytest.mark.parametrize("method", ["DELETE", "GET"])
async def test_a_person_of_another_organisation_is_404_like_an_id_that_does_not_exist(
    programme: Programme, method: str
) -> None:
    """Also if only a record is of another organisation: the erasure would delete it too."""
    there = await nudged(programme, THERE)
    moved = await nudged(programme, THERE)
    await programme.sql.execute("update team.person set organisation_id = %s where user_id = %s", [HERE, moved])
    gone = await nudged(programme, THERE)
    await programme.sql.execute("delete from team.person where user_id = %s", [gone])
    nobody = await ask(programme, method, uuid4(), key="here")
    assert nobody.status_code == 404
    for user_id in (there, moved, gone):
        answer = await ask(programme, method, user_id, key="here")
        assert (answer.status_code, answer.json()) == (404, nobody.json())
        assert await programme.gate(user_id) is not None
    assert await programme.value("select count(*) from rekindle.audit where action like 'person.%%'") == 0
    assert (await ask(programme, method, moved, key="both")).status_code == 200


async def test_a_limited_actor_erases_a_person_of_its_organisation(programme: Programme) -> None:
    user_id = await nudged(programme, HERE)
    answer = await ask(programme, "DELETE", user_id, key="here")
    assert (answer.status_code, answer.json()["rows"]["delivery"]) == (200, 1)
    assert (await ask(programme, "DELETE", user_id, key="here")).status_code == 200  # the view has the person yet


async def test_the_numbers_of_a_claim_that_waits_are_in_the_answer(programme: Programme) -> None:
    [user_id] = await programme.people(1)
    await programme.claimed_units(wanted())
    answer = (await ask(programme, "DELETE", user_id, query="?force=true")).json()
    assert (answer["withdrawn"], answer["under_way"], answer["may_arrive_until"]) == (1, 0, None)


@pytest.mark.parametrize("method", ["DELETE", "GET"])
async def test_no_log_and_no_problem_names_the_person(
    programme: Programme, logged: list[dict[str, Any]], method: str
) -> None:
    """The address of the request does, so only its route is logged."""
    user_id = await nudged(programme, HERE)
    await programme.sql.execute("update team.person set active = true")
    answers = [await ask(programme, method, user_id, key=key) for key in ("operator", "here", "admin")]
    assert [line["route"] for line in logged if line["event"] == "http.request"]
    assert str(user_id) not in str(logged)
    assert str(user_id) not in "".join(one.text for one in answers if one.status_code >= 400)
