"""Who may do what, on every route: each scope, and keys that are limited to one organisation. The
routes come from the OpenAPI document, so a new one is covered by itself."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from acceptance.api.operations import NOBODY, Operation, operations
from acceptance.api.world import BACKTEST, SCENARIO, THEIRS, Half, World, two_organisations
from conftest import Server
from rekindle.access import SCOPES
from rekindle.sandbox import Sandbox

IDS = {"run_id", "claim_id", "user_id", "organisation_id", "user", "organisation"}
"""Parameters that name something of an organisation. `World` has one of each."""
FREE_IDS = {"name": SCENARIO, "backtest_id": BACKTEST}
"""Parameters that name something of the whole installation."""
FREE_QUERY = {"limit", "cursor", "since", "until", "scenario", "force", "at"}
"""Parameters of a query that name nothing of an organisation."""
LOCKED = tuple(one for one in operations() if not one.free)
WITH_ID = tuple(one for one in LOCKED if IDS & {*one.parameters})
LISTS = tuple(one for one in LOCKED if one.method == "GET" and not one.parameters)
LIMITED = tuple(f"limited {scope}" for scope in SCOPES)


@pytest.fixture(scope="module")
def world(server: Server, running_sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Two organisations. No test of this module changes anything in them."""
    with two_organisations(server, running_sandbox, tmp_path_factory.mktemp("world")) as world:
        yield world


def ask(
    world: World, key: str, operation: Operation, named: dict[str, str] | None = None, **more: Any
) -> httpx.Response:
    """A valid request of a route with a key."""
    if operation.body is not None:
        more.setdefault("json", operation.body)
    headers = {"apikey": world.keys[key]}
    url = operation.url(**(named or {}) | FREE_IDS)
    return world.api.client.request(operation.method, url, headers=headers, **more)


def of(half: Half, operation: Operation) -> dict[str, str]:
    """The ids of an organisation for a route. The claim is one that was recorded, or is unknown."""
    recorded = operation.path.startswith("/v1/notifications")
    return half.named | ({"claim_id": half.named["recorded_claim_id"]} if recorded else {})


def may(key: str, operation: Operation) -> bool:
    """Whether a key may use a route at all."""
    wide = SCOPES.index(key.removeprefix("limited ")) >= SCOPES.index(operation.scope)
    return wide and not (operation.everywhere and key.startswith("limited"))


@pytest.mark.parametrize("operation", LOCKED, ids=str)
def test_a_route_says_its_scope_and_the_test_knows_the_ids_in_its_path(operation: Operation):
    assert operation.scope in SCOPES
    assert set(operation.parameters) <= IDS | FREE_IDS.keys()
    assert set(operation.query) <= IDS | FREE_QUERY


@pytest.mark.parametrize("operation", LOCKED, ids=str)
def test_a_key_without_the_scope_is_refused_and_nothing_changes(world: World, operation: Operation):
    before = changes(world)
    for key in world.keys:
        if not may(key, operation):
            answer = ask(world, key, operation, world.ours.named)
            assert (answer.status_code, answer.json()["code"]) == (403, "RK712"), key
    assert changes(world) == before


@pytest.mark.parametrize("operation", WITH_ID, ids=str)
def test_an_id_of_another_organisation_is_answered_like_one_that_does_not_exist(world: World, operation: Operation):
    before = changes(world)
    for key in LIMITED:
        if may(key, operation):
            theirs, nobody = (ask(world, key, operation, named) for named in (of(world.theirs, operation), {}))
            assert (theirs.status_code, theirs.json()["code"]) == (404, nobody.json()["code"]), key
            assert theirs.text.replace(id_in(theirs, world), "ID") == nobody.text.replace(NOBODY, "ID")
    assert changes(world) == before


def id_in(answer: httpx.Response, world: World) -> str:
    """The id that the request had in its path."""
    return next(one for one in world.theirs.named.values() if one in answer.request.url.path)


@pytest.mark.parametrize("operation", [one for one in WITH_ID if one.method == "GET"], ids=str)
def test_an_id_of_the_own_organisation_is_found_and_shows_nothing_of_another(world: World, operation: Operation):
    for key in (key for key in LIMITED if may(key, operation)):
        answer = ask(world, key, operation, of(world.ours, operation))
        assert answer.status_code == 200, key
        assert not shown(answer, world.theirs.marks)


@pytest.mark.parametrize("operation", LISTS, ids=str)
def test_a_list_shows_a_limited_key_nothing_of_another_organisation(world: World, operation: Operation):
    for key in LIMITED:
        if may(key, operation):
            asked: list[dict[str, str]] = [{}]
            asked += [{name: world.theirs.named[name]} for name in operation.query if name in IDS]
            for params in asked:
                answer = ask(world, key, operation, params=params)
                assert answer.status_code in (200, 404), params
                told = answer.text
                for one in params.values():
                    told = told.replace(one, "")
                assert not {mark for mark in world.theirs.marks if mark in told}, params


def test_an_unlimited_key_meets_everything_of_both_organisations_in_the_lists(world: World):
    """Otherwise the test before proves nothing."""
    told = "".join(ask(world, "admin", one).text for one in LISTS)
    for half in (world.ours, world.theirs):
        assert {mark for mark in half.marks if mark not in told} == set()


BODIES = tuple(
    (one, name)
    for one in LOCKED
    if isinstance(one.body, dict)
    for name in one.body
    if name in IDS or name == "organisations"
)


@pytest.mark.parametrize(("operation", "name"), BODIES, ids=str)
def test_another_organisation_in_a_body_is_answered_like_one_that_does_not_exist(
    world: World, operation: Operation, name: str
):
    before = changes(world)
    for key in LIMITED:
        if may(key, operation):
            answers = [
                ask(world, key, operation, json={**operation.body, name: [one] if name == "organisations" else one})
                for one in (str(THEIRS), NOBODY)
            ]
            assert [answer.status_code for answer in answers] == [404, 404], key
            assert answers[0].text.replace(str(THEIRS), NOBODY) == answers[1].text
    assert changes(world) == before


def shown(answer: httpx.Response, marks: frozenset[str]) -> set[str]:
    """Which of the marks an answer has."""
    return {mark for mark in marks if mark in answer.text}


def changes(world: World) -> tuple[object, ...]:
    """The number of rows that a change adds."""
    return world.team.rows("select (select count(*) from rekindle.audit), (select count(*) from rekindle.run)")[0]
