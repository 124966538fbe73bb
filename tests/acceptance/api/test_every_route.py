"""What is true of every route. The routes come from the OpenAPI document, so a new one is covered
by itself."""

import asyncio
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from acceptance.api.operations import Operation, operations
from acceptance.api.served import KEY, Served, serving
from acceptance.command import Command, environment
from acceptance.fixtures import apply
from conftest import SERVERS, SETTINGS, Server, as_worker
from rekindle.access import new_key
from rekindle.api.middleware import MAX_BODY_BYTES
from rekindle.embedded import EmbeddedPostgres
from rekindle.sandbox import Sandbox
from rekindle.scenario import Config
from team.team import TEAM_CONFIG, fill_team, write_config
from team.waiting import until

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW")
HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "server": "rekindle",
}
JSON = {"content-type": "application/json"}
WITH_BODY = tuple(one for one in operations() if one.body is not None)
LOCKED = tuple(one for one in operations() if not one.free)


@pytest.fixture(scope="module")
def api(
    server: Server, running_sandbox: Sandbox, team_config: Config, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    """One server of the API for the whole module. Nobody is due, and nothing has happened."""

    def fill(url: str) -> None:
        fill_team(url)
        asyncio.run(apply(url, team_config))

    url = server.clone("template_team", fill)
    folder = tmp_path_factory.mktemp("every-route")
    write_config(folder, TEAM_CONFIG)
    command = Command(folder, environment(as_worker(server, url), running_sandbox)).having(REKINDLE_API_KEY=KEY)
    with serving(command) as served:
        yield served
    server.drop(url)


def ask(client: httpx.Client, operation: Operation, **more: Any) -> httpx.Response:
    """A valid request of a route, about ids that do not exist."""
    if "content" not in more and operation.body is not None:
        more["json"] = operation.body
    return client.request(operation.method, operation.url(), **more)


@pytest.mark.parametrize("operation", operations(), ids=str)
def test_an_answer_has_our_headers_once_and_is_one_that_the_document_lists(api: Served, operation: Operation):
    answer = ask(api.client, operation)
    assert answer.status_code in operation.statuses
    assert {name: answer.headers.get_list(name) for name in HEADERS} == {name: [one] for name, one in HEADERS.items()}
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["code"].startswith("RK")
    if operation.method == "GET":
        head = api.client.head(operation.url())
        assert (head.status_code, head.content) == (answer.status_code, b"")
        assert head.headers["content-type"] == answer.headers["content-type"]


@pytest.mark.parametrize("path", sorted({one.path for one in operations()}))
def test_a_method_that_a_path_does_not_take_is_405_and_allow_lists_the_others(api: Served, path: str):
    here = [one for one in operations() if one.path == path]
    allowed = {one.method for one in here} | ({"HEAD"} if "GET" in {one.method for one in here} else set())
    for method in METHODS:
        if method not in allowed:
            answer = api.client.request(method, here[0].url())
            assert (answer.status_code, answer.json()["code"]) == (405, "RK710"), method
            assert set(answer.headers["allow"].split(", ")) == allowed


@pytest.mark.parametrize("operation", LOCKED, ids=str)
def test_without_a_key_it_is_401_whatever_else_the_request_has(api: Served, operation: Operation):
    with httpx.Client(base_url=api.url, timeout=60, trust_env=False) as stranger:
        for more in ({}, {"content": b"{"}, {"params": {"apikey": KEY}}):
            answer = ask(stranger, operation, **more)
            assert (answer.status_code, answer.json()["code"]) == (401, "RK702")
            assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("operation", operations(), ids=str)
def test_a_query_parameter_that_the_route_does_not_have_is_a_mistake(api: Served, operation: Operation):
    answer = ask(api.client, operation, params={"surplus": "c4n4ry"})
    assert answer.status_code == 422
    assert "query.surplus: there is no such parameter" in answer.json()["problems"]
    assert "c4n4ry" not in answer.text


@pytest.mark.parametrize("operation", [one for one in operations() if one.query], ids=str)
def test_a_query_parameter_that_takes_one_value_is_a_mistake_if_it_is_given_twice(api: Served, operation: Operation):
    for name in operation.query:
        answer = ask(api.client, operation, params=[(name, "c4n4ry"), (name, "c4n4ry")])
        assert answer.status_code in (404, 422), name
        told = f"query.{name}: give it once" in answer.json().get("problems", [])
        assert told == (name not in operation.lists), name


@pytest.mark.parametrize("operation", WITH_BODY, ids=str)
def test_a_body_that_is_large_deep_or_not_json_is_refused(api: Served, operation: Operation):
    bodies: dict[bytes, int] = {
        b"[" * (MAX_BODY_BYTES + 1): 413,
        b"[" * 30_000: 422,
        b'{"a":' * 5_000 + b"1" + b"}" * 5_000: 422,
        b"": 422,
        b'"\xff"': 422,
        json.dumps({**operation.body, "surplus": 1}).encode(): 422,
    }
    for content, status in bodies.items():
        answer = ask(api.client, operation, content=content, headers=JSON)
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    answer = ask(api.client, operation, content=json.dumps(operation.body), headers={"content-type": "text/plain"})
    assert (answer.status_code, answer.json()["code"]) == (422, "RK701")


async def test_while_the_database_is_down_every_route_is_503_with_a_code_and_then_works_again(
    running_sandbox: Sandbox, team_config: Config, tmp_path_factory: pytest.TempPathFactory
):
    with EmbeddedPostgres(binaries=SERVERS["embedded"], settings=SETTINGS) as postgres:
        await asyncio.to_thread(fill_team, postgres.url)
        await apply(postgres.url, team_config)
        folder = tmp_path_factory.mktemp("down")
        write_config(folder, TEAM_CONFIG)
        command = Command(folder, environment(postgres.url, running_sandbox)).having(REKINDLE_API_KEY=KEY)

        def story() -> None:
            with serving(command) as api:
                for _ in range(2):  # the first round may create what the second one finds
                    postgres.crash()
                with ThreadPoolExecutor(8) as threads:
                    answers = list(threads.map(lambda one: ask(api.client, one), LOCKED))
                for operation, answer in zip(LOCKED, answers, strict=True):
                    assert (answer.status_code, answer.json()["code"]) == (503, "RK201"), operation
                    assert int(answer.headers["retry-after"]) > 0
                with httpx.Client(base_url=api.url, timeout=60, trust_env=False) as client:
                    answer = ask(client, LOCKED[0], headers={"apikey": new_key()})
                    assert (answer.status_code, answer.json()["code"]) == (503, "RK201")  # not 401
                postgres.start()
                until(lambda: api.client.get("/v1/ready").status_code == 200)
                assert {ask(api.client, one).status_code for one in operations()} <= {200, 201, 202, 204, 404, 422}

        await asyncio.to_thread(story)
