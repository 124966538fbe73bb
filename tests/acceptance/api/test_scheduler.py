"""The Edge Function that cron calls: under real Deno, against a real server of the API and the
sandbox."""

import http.server
import json
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from acceptance.api.served import KEY, Served, sends_slowly, serving
from acceptance.command import Command
from edge.deno import DENO, FUNCTIONS, Function, deno_environment
from rekindle.sandbox import Sandbox
from team.team import TEAM_CONFIG, Team, write_config
from team.waiting import until

NAME = "scenario-edge-function-scheduler"
CRON_KEY = "cr0n-key-of-the-tests-0123456789abcdef"
CRON_NEXT = "cr0n-next-of-the-tests-0123456789abcde"
TICK = {"scheduled_at": "2026-11-23T09:07Z"}


def environment(url: str, **more: str) -> dict[str, str]:
    named = {
        "REKINDLE_API_URL": url,
        "REKINDLE_API_KEY": KEY,
        "REKINDLE_SCHEDULER_KEY": CRON_KEY,
        "REKINDLE_BUDGET_SECONDS": "20",
    }
    return named | more


def call(function: Function, body: Any = None, *, key: str | None = CRON_KEY, **more: Any) -> httpx.Response:
    """One tick of cron."""
    headers = {} if key is None else {"authorization": f"Bearer {key}"}
    sent = {"content": body} if isinstance(body, bytes) else {"json": TICK if body is None else body}
    return httpx.post(function.url, headers=headers, timeout=60, trust_env=False, **sent, **more)


@pytest.fixture
def scheduler(api: Served) -> Iterator[Function]:
    with Function(NAME, environment(api.url)) as function:
        yield function


@pytest.mark.parametrize("arguments", [("check", "index.ts"), ("lint",), ("fmt", "--check")])
def test_it_passes_denos_checks(arguments: tuple[str, ...]):
    done = subprocess.run(
        [str(DENO), *arguments],
        cwd=FUNCTIONS / NAME,
        env=deno_environment(),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr


def test_a_tick_is_one_run_within_the_budget_and_its_report_is_relayed(
    scheduler: Function, api: Served, team: Team, fcm: Sandbox
):
    team.people(3)
    answer = call(scheduler)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert told["idempotency_key"].startswith("cron:2026-11-23T09:07Z:")
    run = api.run(told["run"]["run_id"])
    # It does not say who started it and for which organisations, which the caller knows, nor what
    # the guard held back, which is in the ledger.
    not_relayed = {"started_by", "organisations", "held"}
    assert told["run"] == {name: value for name, value in run.items() if name not in not_relayed} | {"halted_by": None}
    assert (run["status"], run["budget_seconds"], run["scenarios"][0]["recorded"]) == ("done", 20, 3)
    assert len(fcm.messages()) == 3


def test_calls_of_one_tick_are_one_run_and_another_tick_or_selection_is_another_run(
    scheduler: Function, team: Team, fcm: Sandbox
):
    ids = team.people(3)
    fcm.faults(sends_slowly(0.3))
    answers: list[httpx.Response] = []
    threads = [threading.Thread(target=lambda: answers.append(call(scheduler))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({answer.json()["run"]["run_id"] for answer in answers}) == 1
    assert team.counts()["run"] == 1
    bodies: list[dict[str, Any]] = [
        {"scheduled_at": "2026-11-23T09:17Z"},
        {**TICK, "scenarios": ["nudge"]},
        {**TICK, "organisations": [str(ids[0])]},
    ]
    for body in bodies:
        assert call(scheduler, body).json()["run"]["status"] == "done"
    assert call(scheduler, {**TICK, "scenarios": ["nudge", "nudge"]}).json() == call(scheduler, bodies[1]).json()
    assert (team.counts()["run"], len(fcm.messages())) == (4, 3)


def test_a_run_that_takes_longer_than_the_function_is_given_is_relayed_as_it_ends_in_its_budget(
    keyed: Command, team: Team, fcm: Sandbox
):
    team.people(200)
    # Four at once take ten seconds. Each is well within its time-out.
    write_config(keyed.folder, TEAM_CONFIG.replace("[dispatcher]", "[dispatcher]\nconcurrency = 4"))
    fcm.faults(sends_slowly(0.2))
    with serving(keyed) as api, Function(NAME, environment(api.url, REKINDLE_BUDGET_SECONDS="12")) as function:
        answer = call(function)
    assert (answer.status_code, answer.json()["run"]["status"]) == (200, "budget")
    assert answer.json()["run"]["exit_code"] == 3


def test_nobody_without_the_key_starts_anything(api: Served, team: Team):
    team.people(1)
    with Function(NAME, environment(api.url, REKINDLE_SCHEDULER_KEY_NEXT=CRON_NEXT)) as function:
        for key in (None, "x", CRON_KEY[:-1], CRON_KEY + "0", KEY):
            answer = call(function, key=key)
            assert (answer.status_code, answer.json()["error"]["code"]) == (401, "unauthorised")
        assert httpx.get(function.url, trust_env=False).status_code == 405
        assert team.counts()["run"] == 0
        assert call(function, key=CRON_NEXT).status_code == 200
        assert httpx.post(function.url, json=TICK, headers={"apikey": CRON_KEY}, trust_env=False).status_code == 200
        assert team.counts()["run"] == 1


def test_an_invalid_request_starts_nothing(scheduler: Function, team: Team):
    bodies: list[Any] = [
        b"", b"{", b"\xff", b"[]", b"null", {}, {"scheduled_at": "now"}, {**TICK, "budget_seconds": 900},
        {**TICK, "scenarios": "nudge"}, {**TICK, "scenarios": ["Nudge"]}, {**TICK, "scenarios": ["nudge"] * 101},
        {**TICK, "organisations": ["1"]},
    ]  # fmt: skip
    for body in bodies:
        answer = call(scheduler, body)
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "bad_request"), body
    assert call(scheduler, b" " * 70_000).status_code == 413
    assert team.counts()["run"] == 0


BROKEN: dict[str, dict[str, str]] = {
    "no address": {"REKINDLE_API_URL": ""},
    "an address without TLS": {"REKINDLE_API_URL": "http://rekindle.example"},
    "an address with a password": {"REKINDLE_API_URL": "https://a:b@rekindle.example"},
    "no key of the API": {"REKINDLE_API_KEY": ""},
    "no own key": {"REKINDLE_SCHEDULER_KEY": ""},
    "a short own key": {"REKINDLE_SCHEDULER_KEY": "short"},
    "too much budget": {"REKINDLE_BUDGET_SECONDS": "131"},
    "no budget": {"REKINDLE_BUDGET_SECONDS": "soon"},
}


@pytest.mark.parametrize("name", BROKEN)
def test_an_unusable_environment_is_reported_and_no_request_is_served(name: str):
    with Function(NAME, environment("http://127.0.0.1:9", **BROKEN[name])) as function:
        answer = call(function)
    assert (answer.status_code, answer.json()["error"]["code"]) == (500, "misconfigured")


def test_what_the_api_refuses_is_relayed_by_its_code(api: Served, keyed: Command, team: Team, fcm: Sandbox):
    with Function(NAME, environment(api.url)) as function:
        answer = call(function, {**TICK, "scenarios": ["nobody"]})
        assert (answer.status_code, answer.json()["error"]["rekindle_code"]) == (422, "RK105")
        fcm.faults([{"match": {"path": "token"}, "respond": {"status": 400, "body": {"error": "invalid_grant"}}}])
        answer = call(function)
        assert (answer.status_code, answer.json()["error"]["rekindle_code"]) == (502, "RK402")
    with Function(NAME, environment(api.url, REKINDLE_API_KEY=KEY[:-1] + "4")) as function:
        answer = call(function)
        assert (answer.status_code, answer.json()["error"]["rekindle_code"]) == (502, "RK702")
    fcm.faults(sends_slowly(3))
    team.people(2)
    with serving(keyed, "--runs", 1) as narrow, Function(NAME, environment(narrow.url)) as function:
        narrow.post()
        answer = call(function)
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "10")
        assert answer.json()["error"]["rekindle_code"] == "RK707"


@contextmanager
def answering(respond: Callable[[http.server.BaseHTTPRequestHandler], None]) -> Iterator[tuple[str, list[str]]]:
    """A server in place of the API that gives chosen answers; its address, and the
    Idempotency-Keys that it received."""
    seen: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            seen.append(self.headers["idempotency-key"])
            respond(self)

        def log_message(self, *arguments: Any) -> None:
            del arguments

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", seen
        finally:
            server.shutdown()
            thread.join()


def plain(status: int, body: bytes, **headers: str) -> Callable[[http.server.BaseHTTPRequestHandler], None]:
    def respond(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in {"content-length": str(len(body)), **headers}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)

    return respond


def hung_up(handler: http.server.BaseHTTPRequestHandler) -> None:
    handler.connection.close()


NONSENSE: dict[str, tuple[Callable[[http.server.BaseHTTPRequestHandler], None], int, str]] = {
    "a page": (plain(200, b"<html>c4n4ry"), 502, "bad_answer"),
    "another object": (plain(200, b'{"c4n4ry": 1}'), 502, "bad_answer"),
    "a report without numbers": (plain(200, b'{"run_id": "c4n4ry", "status": "done"}'), 502, "bad_answer"),
    "too much": (plain(200, b'{"c4n4ry": "' + b"x" * 300_000 + b'"}'), 502, "bad_answer"),
    "a redirect": (plain(307, b"", location="http://127.0.0.1:9/c4n4ry"), 502, "api_unreachable"),
    "an error page": (plain(500, b"c4n4ry"), 502, "bad_answer"),
    "a problem of somebody else": (plain(403, b'{"code": "c4n4ry", "detail": "c4n4ry"}'), 502, "run_refused"),
    "a connection that ends": (hung_up, 502, "api_unreachable"),
}


@pytest.mark.parametrize("name", NONSENSE)
def test_an_invalid_answer_is_a_typed_error_and_nothing_is_asked_twice(name: str):
    respond, status, code = NONSENSE[name]
    with answering(respond) as (url, seen), Function(NAME, environment(url)) as function:
        answer = call(function)
        said = function.said()
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert seen == [answer.json()["idempotency_key"]]
    assert "c4n4ry" not in said + answer.text


def test_an_api_that_is_down_or_silent_is_reported_in_time_and_asked_once():
    with Function(NAME, environment("http://127.0.0.1:9")) as function:
        assert call(function).json()["error"]["code"] == "api_unreachable"
    end = threading.Event()
    with answering(lambda _: bool(end.wait(200)) and None) as (url, seen):
        with Function(NAME, environment(url, REKINDLE_BUDGET_SECONDS="1")) as function:
            answer = call(function)  # after 1 s of budget, 5 s for the report and 10 s for the answer
        end.set()
    assert (answer.status_code, answer.json()["error"]["code"], len(seen)) == (504, "api_silent", 1)


def test_only_the_listed_fields_of_a_report_are_relayed_and_nothing_secret_is_logged(api: Served, team: Team):
    report = {
        "run_id": "11111111-1111-4111-8111-111111111111", "status": "halted", "halted_by": "RK402 c4n4ry words",
        "c4n4ry": 1, "dispatcher": "c4n4ry words", "exit_code": 2, "started_at": "2026-11-23T09:07:00+00:00",
        "scenarios": [{"scenario_type": "nudge", "title": "c4n4ry", "reasons": {"dead:gone": 1, "c4n4ry words": 2}}],
    }  # fmt: skip
    with answering(plain(200, json.dumps(report).encode())) as (url, _), Function(NAME, environment(url)) as function:
        answer = call(function)
        call(function, key="c4n4ry-wrong-key-0123456789abcdef0123")
        call(function, {"scheduled_at": "c4n4ry"})
        until(lambda: function.said().count("scheduler.refused") == 2)
        said = function.said()
    assert answer.status_code == 200
    run = answer.json()["run"]
    assert (run["halted_by"], run["dispatcher"], run["scenarios"][0]["reasons"]) == ("RK402", None, {"dead:gone": 1})
    for secret in ("c4n4ry", CRON_KEY, KEY):
        assert secret not in said + answer.text
