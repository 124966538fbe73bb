"""Keys of the database, over HTTP and by the command line: what each lets in, and until when."""

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import psycopg
import pytest

from acceptance.api.served import KEY, Served, serving
from acceptance.command import Command, environment
from acceptance.fixtures import apply
from conftest import Server, as_worker
from rekindle.access import new_key
from rekindle.sandbox import Sandbox
from rekindle.scenario import Config
from team.team import TEAM_CONFIG, Team, fill_team, write_config
from team.waiting import until

HERE = "00000000-0000-0000-0000-000000000001"
EVERYWHERE: dict[str, Any] = {"scope": "admin"}


@pytest.fixture(scope="module")
def place(
    server: Server, running_sandbox: Sandbox, team_config: Config, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Team, Command]]:
    """A database with the scenario applied, and the command line on it, without a key."""

    def fill(url: str) -> None:
        fill_team(url)
        asyncio.run(apply(url, team_config))

    url = server.clone("template_team", fill)
    folder = tmp_path_factory.mktemp("keys")
    write_config(folder, TEAM_CONFIG)
    yield Team(url), Command(folder, environment(as_worker(server, url), running_sandbox))
    server.drop(url)


@pytest.fixture(scope="module")
def root(place: tuple[Team, Command]) -> str:
    """An admin key that the command line has created."""
    done = place[1]("key", "create", "root", "--scope", "admin")
    assert done.err == "Keep it now: the key root is not shown again.\n"
    return done.out.removesuffix("\n")


@pytest.fixture(scope="module")
def api(place: tuple[Team, Command], root: str) -> Iterator[Served]:
    """A server with no key in its environment: the one of the database is enough."""
    with serving(place[1].having(REKINDLE_LOG_LEVEL="debug")) as served:
        served.client.headers["apikey"] = root
        yield served


def asking(api: Served, key: str, method: str = "GET", path: str = "/v1/keys") -> httpx.Response:
    with httpx.Client(base_url=api.url, timeout=60, trust_env=False) as client:
        return client.request(method, path, headers={"authorization": f"Bearer {key}"})


def created(api: Served, name: str, **more: Any) -> str:
    answer = api.client.put(f"/v1/keys/{name}", json={**EVERYWHERE, **more})
    assert answer.status_code == 201, answer.text
    return answer.json()["secret"]


def test_a_key_that_is_unknown_expired_or_revoked_gets_one_and_the_same_answer(
    api: Served, place: tuple[Team, Command]
) -> None:
    revoked, expired = created(api, "revoked"), created(api, "expired", expires_seconds=60)
    assert [asking(api, key).status_code for key in (revoked, expired)] == [200, 200]
    assert api.client.delete("/v1/keys/revoked").status_code == 204
    assert asking(api, revoked).status_code == 401  # the very next request
    place[0].execute("update rekindle.api_key set expires_at = rekindle.clock() where name = 'expired'")
    answers = [asking(api, key) for key in (revoked, expired, new_key(), "rekindle_x", KEY)]
    assert {(one.status_code, one.text, one.headers.get("www-authenticate")) for one in answers} == {
        (401, answers[0].text, "Bearer")
    }


def test_a_key_is_shown_once_and_asking_for_it_again_creates_no_other(api: Served) -> None:
    asked = {"scope": "read", "organisations": [HERE], "expires_seconds": 3600}
    first, again, other = (
        api.client.put("/v1/keys/once", json=body) for body in (asked, asked, {**asked, "scope": "operate"})
    )
    assert [one.status_code for one in (first, again, other)] == [201, 200, 409]
    assert other.json()["code"] == "RK713"
    assert again.json() == {**first.json(), "secret": None}
    shown = api.client.get("/v1/keys/once").json()
    assert shown == {name: value for name, value in first.json().items() if name != "secret"}
    assert (shown["state"], shown["created_by"], shown["organisations"]) == ("valid", "key root", [HERE])
    assert first.json()["secret"] not in api.client.get("/v1/keys").text
    for _ in range(2):
        assert api.client.delete("/v1/keys/once").status_code == 204
    assert api.client.get("/v1/keys/once").json()["revoked_by"] == "key root"
    assert [api.client.request(one, "/v1/keys/nobody").status_code for one in ("GET", "DELETE")] == [404, 404]
    assert api.client.put("/v1/keys/No%20Name", json=EVERYWHERE).status_code == 422


def test_only_an_admin_who_sees_everything_reaches_the_keys(api: Served) -> None:
    for name, more in {
        "reader": {"scope": "read"},
        "op": {"scope": "operate"},
        "some": {"organisations": [HERE]},
    }.items():
        key = created(api, name, **more)
        for method, path in (("GET", "/v1/keys"), ("PUT", "/v1/keys/wider"), ("DELETE", "/v1/keys/root")):
            with httpx.Client(base_url=api.url, timeout=60, trust_env=False) as client:
                answer = client.request(method, path, headers={"apikey": key}, json=EVERYWHERE)
            assert (answer.status_code, answer.json()["code"]) == (403, "RK712")
    assert api.client.get("/v1/keys/wider").status_code == 404


def test_the_keys_have_pages(api: Served) -> None:
    created(api, "page-1")
    created(api, "page-2")
    names: list[str] = []
    following = None
    while True:
        page = api.client.get("/v1/keys", params={"limit": 1} | ({"cursor": following} if following else {})).json()
        names += [one["name"] for one in page["items"]]
        following = page["next"]
        if following is None:
            break
    assert names == sorted(names)
    assert {"page-1", "page-2", "root"} <= set(names)


def test_a_use_is_noted_and_no_request_waits_for_that(api: Served, place: tuple[Team, Command]) -> None:
    team, _ = place
    key = created(api, "used")
    noted = "select last_used_at is not null from rekindle.api_key where name = 'used'"
    with psycopg.connect(team.url) as connection:
        connection.execute("select from rekindle.api_key where name = 'used' for update")
        assert [asking(api, key).status_code for _ in range(3)] == [200, 200, 200]
        assert team.rows(noted) == [(False,)]
    until(lambda: team.rows(noted) == [(True,)])


def test_a_use_that_cannot_be_noted_is_logged_and_the_request_is_answered(
    api: Served, place: tuple[Team, Command]
) -> None:
    team, _ = place
    key = created(api, "unnoted")
    team.execute("revoke update (last_used_at) on rekindle.api_key from rekindle_worker")
    assert asking(api, key).status_code == 200
    until(lambda: "key.unnoted" in api.said())
    team.execute("grant update (last_used_at) on rekindle.api_key to rekindle_worker")


def test_the_audit_is_shown_newest_first_in_pages_to_admins_of_everything(
    api: Served, place: tuple[Team, Command]
) -> None:
    limited = created(api, "limited", organisations=[HERE])
    begin = api.client.get("/v1/audit", params={"limit": 1}).json()
    assert begin["items"][0] | {"audit_id": 0, "at": ""} == {
        "audit_id": 0,
        "at": "",
        "actor": "key root",
        "action": "key.created",
        "scenario_type": None,
        "organisation_id": HERE,
        "organisation_name": None,
        "subject": "limited",
        "details": {"scope": "admin", "organisations": [HERE], "expires_at": None},
    }
    created(api, "later")
    rest = api.client.get("/v1/audit", params={"limit": 1000, "cursor": begin["next"]}).json()
    ids = [one["audit_id"] for one in [*begin["items"], *rest["items"]]]
    assert ids == sorted(ids, reverse=True)
    rows = place[0].rows("select count(*) from rekindle.audit where subject is distinct from 'later'")
    assert [(len(ids),)] == rows
    at = begin["items"][0]["at"]
    assert [one["subject"] for one in api.client.get("/v1/audit", params={"since": at}).json()["items"]] == [
        "later",
        "limited",
    ]
    assert api.client.get("/v1/audit", params={"until": at}).json()["items"] == rest["items"][:100]
    assert api.client.get("/v1/audit", params={"since": "2026-11-26T09:00:00"}).status_code == 422
    assert asking(api, limited, path="/v1/audit").status_code == 403


def test_a_key_that_sends_too_many_requests_waits_and_the_others_do_not(place: tuple[Team, Command], root: str) -> None:
    other = json.loads(place[1]("key", "create", "quiet", "--scope", "admin", "--json").out)["secret"]
    with serving(place[1], "--requests-per-minute", 3) as api:
        answers = [asking(api, root) for _ in range(4)]
        assert [one.status_code for one in answers] == [200, 200, 200, 429]
        assert answers[3].json()["code"] == "RK714"
        assert 0 < int(answers[3].headers["retry-after"]) <= 20
        assert asking(api, other).status_code == 200
        assert asking(api, root, path="/v1/health").status_code == 200


def test_the_command_line_creates_lists_and_revokes_keys(within: Callable[..., str], team: Team) -> None:
    create = ("key", "create", "cli", "--scope", "operate", "--organisation", HERE, "--expires", "90d")
    done = json.loads(within(*create, "--json"))
    assert (done["name"], done["scope"], done["organisations"], done["state"]) == ("cli", "operate", [HERE], "valid")
    assert within(*create).startswith("error: RK713: there is a key cli already.")
    assert json.loads(within("key", "list", "--json")) == [{n: value for n, value in done.items() if n != "secret"}]
    table = within("key", "list")
    assert "operate" in table
    assert done["secret"] not in table
    assert within("key", "revoke", "cli") == "The key cli is revoked.\n"
    assert within("key", "revoke", "cli") == "The key cli was revoked before.\n"
    assert within("key", "revoke", "nobody").startswith("error: RK726")
    for wrong in (("a b",), ("x", "--expires", "soon")):
        assert within("key", "create", "--scope", "read", *wrong).startswith("error: RK106")
    assert team.rows("select action, actor from rekindle.audit where subject = 'cli' order by audit_id") == [
        ("key.created", "login test_worker"),
        ("key.revoked", "login test_worker"),
    ]
    shown = json.loads(within("audit", "--since", "1h", "--limit", 2, "--json"))
    assert [(one["action"], one["subject"], one["actor"]) for one in shown] == [
        ("key.revoked", "cli", "login test_worker"),
        ("key.created", "cli", "login test_worker"),
    ]
    assert "key.revoked" in within("audit")
    assert within("audit", "--since", "soon").startswith("error: RK106: --since is not a duration")


def test_no_key_is_in_the_log(api: Served, root: str) -> None:
    secret = created(api, "secret")
    asking(api, secret)
    asking(api, new_key())
    until(lambda: "401" in api.said())
    assert root not in api.said()
    assert "rekindle_" not in api.said()
