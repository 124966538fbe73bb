"""Which requests the API accepts: keys, hosts, bodies. No answer and no log line contains a
secret."""

import contextlib
import grp
import http.client
import json
import os
import re
import socket
import stat
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from acceptance.api.served import KEY, Served, serving
from acceptance.command import Command
from rekindle.access import Actor
from rekindle.api.keys import EnvironmentKeys
from rekindle.api.server import ServerOptions
from rekindle.errors import KeyRefused, ServerError
from rekindle.sandbox import Sandbox
from team.team import Team
from team.waiting import WAIT_SECONDS, until

NEXT = "n3xt-key-of-the-tests-0123456789abcdef"
WRONG = {
    "no key": {},
    "an empty key": {"apikey": ""},
    "a wrong key": {"apikey": KEY[:-1] + "4"},
    "the beginning of the key": {"apikey": KEY[:-1]},
    "more than the key": {"apikey": KEY + "0"},
    "another scheme": {"authorization": f"Basic {KEY}"},
    "a wrong bearer": {"authorization": "Bearer x"},
    "the key in another header": {"x-api-key": KEY},
    "the key and a wrong one": {"apikey": KEY, "authorization": "Bearer x"},
    "the key and another scheme": {"apikey": KEY, "authorization": "Basic eDp5"},
}


def bare(served: Served, **more: Any) -> httpx.Client:
    """A client without the key."""
    return httpx.Client(base_url=served.url, timeout=WAIT_SECONDS, trust_env=False, **more)


def test_nobody_gets_in_without_the_key_and_nothing_is_run(api: Served, team: Team):
    team.people(1)
    for name, headers in WRONG.items():
        with bare(api, headers=headers) as client:
            for method, path in (
                ("POST", "/v1/runs"),
                ("GET", "/v1/runs/x"),
                ("GET", "/other"),
                ("GET", "/docs"),
                ("GET", "/v1/health/"),
            ):
                answer = client.request(method, path, json={})
                assert (answer.status_code, answer.json()["code"]) == (401, "RK702"), name
                assert answer.headers["www-authenticate"] == "Bearer"
            assert client.get("/v1/health").json() == {"status": "ok"}
            assert client.get("/v1/ready").json() == {
                "status": "ready",
                "last_tick_age_seconds": None,
                "overdue": False,
            }
    assert team.counts()["run"] == 0


def test_the_key_is_refused_in_the_address(api: Served):
    with bare(api) as client:
        assert client.post(f"/v1/runs?apikey={KEY}", json={}).status_code == 401


def test_either_key_gets_in_while_one_is_replaced(keyed: Command):
    with serving(keyed.having(REKINDLE_API_KEY_NEXT=NEXT)) as api, bare(api) as client:
        for headers in ({"apikey": KEY}, {"apikey": NEXT}, {"authorization": f"bearer {NEXT}"}):
            assert client.post("/v1/runs", json={}, headers={**headers, "prefer": "wait=30"}).status_code == 200
    with serving(keyed.having(REKINDLE_API_KEY=NEXT)) as api, bare(api) as client:
        assert client.post("/v1/runs", json={}, headers={"apikey": KEY}).status_code == 401


GROUP = grp.getgrgid(os.getgid()).gr_name
NO_KEY: dict[str, tuple[tuple[str, ...], str]] = {
    "loopback": ((), "the API needs a key"),
    "the name of loopback": (("--host", "localhost"), "the API needs a key"),
    "every address": (("--host", "0.0.0.0"), "the API needs a key"),
    "another address": (
        ("--host", "::", "--insecure-loopback"),
        "--insecure-loopback serves only this machine, and :: is not a loopback address",
    ),
    "no address": (("--host", "nowhere.invalid"), "the address of --host cannot be found"),
    "a socket of a group": (("--unix-socket", "x", "--group", GROUP), "the API needs a key"),
    "no such group": (
        ("--unix-socket", "x", "--group", "no-such-group"),
        "the group of --unix-socket-group does not exist",
    ),
    "a group without a socket": (("--group", GROUP), "--unix-socket-group requires --unix-socket"),
    "a socket and a port": (
        ("--unix-socket", "x", "--insecure-loopback"),
        "--unix-socket excludes --host, --port and --insecure-loopback",
    ),
}


class _Nobody:
    async def actor(self, shown: bytes) -> Actor | None:
        return None


NOBODY = _Nobody()


@pytest.mark.parametrize("name", NO_KEY)
def test_without_a_key_nothing_is_served_unless_that_was_asked_for(name: str):
    arguments, said = NO_KEY[name]
    options = dict(zip(arguments[::2], arguments[1::2], strict=False))
    host, path = options.get("--host"), options.get("--unix-socket")
    insecure = "--insecure-loopback" in arguments
    asked = ServerOptions(None, 1, host, None, Path(path) if path else None, options.get("--group"), insecure)
    with pytest.raises(ServerError, match=re.escape(said)) as refused:
        asked.access(asked.address(), NOBODY, usable=False)
    assert refused.value.hint


async def test_a_socket_of_a_group_is_served_if_the_database_has_a_key_and_then_needs_one():
    asked = ServerOptions(None, 1, unix_socket=Path("x"), unix_socket_group=GROUP)
    with pytest.raises(KeyRefused):
        await asked.access(asked.address(), NOBODY, usable=True).admit([], [b"localhost"])


def test_the_socket_is_given_only_to_a_group_that_the_process_is_in(monkeypatch: pytest.MonkeyPatch):
    asked = ServerOptions(EnvironmentKeys([KEY]), 1, unix_socket=Path("x"), unix_socket_group=GROUP)
    assert asked.address().group == os.getgid()
    monkeypatch.setattr(os, "geteuid", lambda: 65_534)
    monkeypatch.setattr(os, "getegid", lambda: 65_534)
    monkeypatch.setattr(os, "getgroups", lambda: [65_534])
    with pytest.raises(ServerError, match="this process is not in the group"):
        asked.address()


def test_a_key_and_the_wish_for_none_are_refused(keyed: Command):
    done = keyed("serve", "--port", 0, "--insecure-loopback")
    assert (done.code, "RK603: --insecure-loopback asks for no key, and REKINDLE_API_KEY is set" in done.err) == (
        2,
        True,
    )


def test_on_loopback_without_a_key_only_this_machine_is_named_and_no_web_page_gets_in(rekindle: Command):
    assert rekindle("serve", "--port", 0).fault().startswith("error: RK603: the API needs a key")
    with serving(rekindle, "--insecure-loopback") as api, bare(api) as client:
        assert client.post("/v1/runs", json={}).status_code == 202
        port = api.url.rpartition(":")[2]
        assert client.post("/v1/runs", json={}, headers={"host": f"localhost:{port}"}).status_code == 202
        assert client.post("/v1/runs", json={}, headers={"host": f"rebound.example:{port}"}).status_code == 401
        # What a web page may send without asking first.
        for kind in ("text/plain", "application/x-www-form-urlencoded", None):
            headers = {} if kind is None else {"content-type": kind}
            answer = client.post("/v1/runs", content=b"{}", headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (422, "RK701")
            assert answer.json()["problems"] == ["body: the Content-Type must be application/json"]


def test_a_unix_socket_needs_no_key_and_opens_to_this_user_alone(rekindle: Command, keyed: Command, tmp_path: Path):
    path = tmp_path / "api.sock"
    with socket.socket(socket.AF_UNIX) as left:  # by a server that was killed
        left.bind(str(path))
    with serving(rekindle, unix_socket=path) as api:
        assert api.url == f"unix:{path.resolve()}" or api.url == f"unix:{path}"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        transport = httpx.HTTPTransport(uds=str(path))
        with httpx.Client(transport=transport, base_url="http://any.example", timeout=WAIT_SECONDS) as client:
            assert client.post("/v1/runs", json={}, headers={"prefer": "wait=30"}).status_code == 200
        done = rekindle("serve", "--unix-socket", path)
        assert (done.code, f"RK603: another server listens on {path}" in done.err) == (2, True)
    assert not path.exists()
    path.write_text("of another program")
    assert "exists and is not a socket" in rekindle("serve", "--unix-socket", path).fault()
    assert path.read_text() == "of another program"
    path.unlink()
    with serving(keyed, unix_socket=path):
        transport = httpx.HTTPTransport(uds=str(path))
        with httpx.Client(transport=transport, base_url="http://any.example", timeout=WAIT_SECONDS) as client:
            assert client.post("/v1/runs", json={}).status_code == 401  # behind a proxy, say


def test_with_a_key_it_serves_any_address_and_shows_no_docs(keyed: Command):
    with serving(keyed, "--host", "0.0.0.0") as api:
        url = api.url.replace("0.0.0.0", "127.0.0.1")
        assert httpx.get(f"{url}/v1/health", trust_env=False).status_code == 200
        for path in ("/docs", "/openapi.json", "/redoc"):
            assert httpx.get(url + path, headers={"apikey": KEY}, trust_env=False).status_code == 404


@pytest.mark.parametrize("key", ["short", "x" * 31, "with a space in the middle of the key", "ключ" * 10])
@pytest.mark.parametrize("name", ["REKINDLE_API_KEY", "REKINDLE_API_KEY_NEXT"])
def test_an_invalid_key_is_refused_at_the_start_and_not_quoted(keyed: Command, name: str, key: str):
    done = keyed.having(**{name: key})("serve", "--port", 0)
    assert (done.code, done.fault().startswith(f"error: RK603: {name} is not a valid key")) == (2, True)
    assert key not in done.err


def test_a_port_that_is_taken_is_one_line(api: Served, keyed: Command):
    done = keyed("serve", "--port", api.url.rpartition(":")[2])
    assert (done.code, done.fault().startswith("error: RK603: cannot listen on 127.0.0.1:")) == (2, True)


BODIES: dict[str, Any] = {
    "unknown field": {"scenario": ["nudge"]},
    "dry run": {"dry_run": True},
    "not an object": [],
    "null": None,
    "a number as text": {"budget_seconds": "30"},
    "a truth as a number": {"budget_seconds": True},
    "no time": {"budget_seconds": 0},
    "too much time": {"budget_seconds": 3_601},
    "a scenario with a newline": {"scenarios": ["nudge\n"]},
    "too many scenarios": {"scenarios": ["nudge"] * 101},
    "too many organisations": {"organisations": ["11111111-1111-4111-8111-111111111111"] * 1_001},
    "no id": {"organisations": ["1"]},
    "a surrogate as a name": {"\ud800\u202e\x1b": 1},
    "a surrogate as a value": {"scenarios": ["\ud800"]},
}
RAW: dict[str, bytes] = {
    "empty": b"",
    "not JSON": b"{",
    "not UTF-8": b'{"scenarios": ["\xff"]}',
    "not a number": b'{"budget_seconds": NaN}',
    "endless": b'{"budget_seconds": Infinity}',
    "deep": b'{"scenarios": ' + b"[" * 30_000,
    "deep and closed": b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
    "long number": b'{"budget_seconds": ' + b"9" * 30_000 + b"}",
}


def test_an_invalid_body_is_refused_with_its_mistakes_and_starts_nothing(api: Served, team: Team):
    contents = {name: json.dumps(body).encode() for name, body in BODIES.items()} | RAW
    for name, content in contents.items():
        answer = api.client.post("/v1/runs", content=content, headers={"content-type": "application/json"})
        assert answer.headers["content-type"] == "application/problem+json", name
        assert (answer.status_code, answer.json()["code"]) == (422, "RK701"), name
        assert answer.json()["problems"], name
    assert team.counts()["run"] == 0
    assert api.said() == ""


NOT_ROUTED: dict[str, tuple[str, str, int, str, str | None]] = {
    "an unknown path": ("GET", "/other", 404, "RK709", None),
    "a slash at the end": ("POST", "/v1/runs/", 404, "RK709", None),
    "a slash at the end of health": ("GET", "/v1/health/", 404, "RK709", None),
    "not UTF-8": ("GET", "/v1/%ff", 404, "RK709", None),
    "dots": ("GET", "/v1/health/%2e%2e", 404, "RK709", None),
    "PUT of runs": ("PUT", "/v1/runs", 405, "RK710", "GET, HEAD, POST"),
    "HEAD of a confirmation": ("HEAD", "/v1/runs/11111111-1111-4111-8111-111111111111/confirm", 405, "", "POST"),
    "OPTIONS of runs": ("OPTIONS", "/v1/runs", 405, "RK710", "GET, HEAD, POST"),
    "PUT of a run": ("PUT", "/v1/runs/11111111-1111-4111-8111-111111111111", 405, "RK710", "GET, HEAD"),
    "TRACE of health": ("TRACE", "/v1/health", 405, "RK710", "GET, HEAD"),
    "a method of nobody": ("BREW", "/v1/ready", 405, "RK710", "GET, HEAD"),
}


def test_whatever_no_route_takes_is_a_problem_with_a_code(api: Served):
    for name, (method, path, status, code, allow) in NOT_ROUTED.items():
        answer = api.client.request(method, path)
        assert (answer.status_code, answer.headers.get("allow")) == (status, allow), name
        assert answer.headers["content-type"] == "application/problem+json", name
        assert not code or answer.json()["code"] == code, name
    for path in ("/v1/health", "/v1/ready"):
        answer = api.client.head(path)
        assert (answer.status_code, answer.content) == (200, b"")


def test_what_is_not_http_is_answered_by_the_server_or_by_a_problem(api: Served):
    """The first group by the server, which has no route then: RFC 9112 has the status, and the body
    is empty."""
    ours = f"apikey: {KEY}\r\n"
    refused = {
        "garbage": ("GARBAGE\r\n\r\n", 400),
        "two lengths": (
            f"POST /v1/runs HTTP/1.1\r\nhost: x\r\n{ours}content-length: 2\r\ncontent-length: 3\r\n\r\n{{}}",
            400,
        ),
        "a space before the colon": (f"GET /v1/health HTTP/1.1\r\nhost : x\r\n{ours}\r\n", 400),
        "a folded header": (f"GET /v1/health HTTP/1.1\r\nhost: x\r\nx: a\r\n b\r\n{ours}\r\n", 400),
        "another coding": (f"POST /v1/runs HTTP/1.1\r\nhost: x\r\n{ours}transfer-encoding: gzip\r\n\r\n", 400),
        "a large head": (f"GET /v1/health HTTP/1.1\r\nhost: x\r\nx: {'a' * 20_000}\r\n\r\n", 431),
    }
    for name, (sent, status) in refused.items():
        answer = exchange(api, sent)
        assert answer.startswith(f"HTTP/1.1 {status} "), (name, answer)
        assert answer.endswith("\r\n\r\n"), (name, answer)
    for name, hosts in {"no host": "", "two hosts": "host: x\r\nhost: y\r\n"}.items():
        answer = exchange(api, f"GET /v1/health HTTP/1.1\r\n{hosts}connection: close\r\n\r\n")
        assert answer.startswith("HTTP/1.1 400 "), (name, answer)
        assert '"RK711"' in answer, (name, answer)
    # A length and chunks: the chunks count, and nothing after them is read as a request.
    smuggled = f"GET /v1/health HTTP/1.1\r\nhost: x\r\n{ours}\r\n"
    answer = exchange(
        api,
        f"POST /v1/runs HTTP/1.1\r\nhost: x\r\n{ours}content-length: {5 + len(smuggled)}\r\n"
        f"content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n{smuggled}",
    )
    assert answer.count("HTTP/1.1 ") == 1, answer
    assert answer.startswith("HTTP/1.1 422 "), answer


def test_long_addresses_and_many_headers_are_read_up_to_the_limit_of_a_head(api: Served):
    key = f"host: x\r\napikey: {KEY}\r\nconnection: close\r\n"
    many = "".join(f"x-{number}: 1\r\n" for number in range(90))
    heads = {
        "a long path": (f"GET /v1/{'a' * 15_000} HTTP/1.1\r\n{key}\r\n", 404),
        "a longer path": (f"GET /v1/{'a' * 20_000} HTTP/1.1\r\n{key}\r\n", 431),
        "a long query": (f"GET /v1/health?x={'a' * 15_000} HTTP/1.1\r\n{key}\r\n", 422),
        "many parameters": (f"GET /v1/health?{'a&' * 7_000} HTTP/1.1\r\n{key}\r\n", 422),
        "many headers": (f"GET /v1/health HTTP/1.1\r\n{key}{many}\r\n", 200),
        "more headers": (f"GET /v1/health HTTP/1.1\r\n{key}{many}{many}\r\n", 431),
    }
    for name, (sent, status) in heads.items():
        answer = exchange(api, sent)
        assert answer.startswith(f"HTTP/1.1 {status} "), (name, answer[:300])
        assert len(answer) < 5_000, name


def test_requests_in_one_packet_are_answered_in_order_and_a_half_closed_connection_ends(api: Served):
    head = f"host: x\r\napikey: {KEY}\r\n"
    sent = f"GET /v1/health HTTP/1.1\r\n{head}\r\nGET /other HTTP/1.1\r\n{head}\r\n"
    last = f"GET /v1/ready HTTP/1.1\r\n{head}connection: close\r\n\r\n"
    answer = exchange(api, sent + last)
    assert re.findall(r"HTTP/1.1 (\d+)", answer) == ["200", "404", "200"]
    with socket.create_connection(api.place, timeout=WAIT_SECONDS) as connection:
        connection.sendall(last.encode())
        connection.shutdown(socket.SHUT_WR)
        assert _rest(connection) == b""
    with socket.create_connection(api.place, timeout=WAIT_SECONDS) as connection:  # gone in the middle of a body
        connection.sendall(f"POST /v1/runs HTTP/1.1\r\n{head}content-length: 20\r\n\r\n{{".encode())
    assert api.client.get("/v1/health").status_code == 200


def exchange(served: Served, sent: str) -> str:
    """The answer to bytes on a new connection, which the server closes."""
    with socket.create_connection(served.place, timeout=WAIT_SECONDS) as connection:
        connection.sendall(sent.encode())
        return _rest(connection).decode()


def test_an_invalid_idempotency_key_is_refused(api: Served, team: Team):
    for key in (b"x" * 256, b"with space", b"", b"\xfcmlaut"):
        answer = api.client.post("/v1/runs", json={}, headers=[("idempotency-key", key)])
        assert (answer.status_code, answer.json()["code"]) == (422, "RK701"), key
    assert team.counts()["run"] == 0


def test_an_unknown_preference_is_ignored(api: Served):
    for prefer in ("wait", "wait=", "wait=x", "wait=-1", "respond-async", "wait = 9999999999", "await=5"):
        answer = api.client.post("/v1/runs", json={}, headers={"prefer": prefer})
        assert answer.status_code in (200, 202, 429), prefer
        assert "preference-applied" not in answer.headers, prefer


def test_a_body_that_is_too_large_is_refused_with_and_without_a_content_length(api: Served):
    large = b'{"scenarios": [' + b" " * 70_000 + b"]}"
    headers = {"content-type": "application/json"}
    for content in (large, iter([large[:40_000], large[40_000:]])):
        answer = api.client.post("/v1/runs", content=content, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (413, "RK705")


def test_a_request_that_does_not_arrive_is_not_waited_for_and_idle_connections_stop_nobody(api: Served):
    """More connections than the server allows at once, all without a request; slow heads and
    bodies; and a client that sends one request a second meanwhile."""
    head = f"POST /v1/runs HTTP/1.1\r\nhost: x\r\napikey: {KEY}\r\ncontent-type: application/json\r\n"
    slow = {"nothing": "", "half a head": head, "half a body": f"{head}content-length: 20\r\n\r\n{{"}
    started = time.monotonic()
    steady = threading.Thread(target=_ask_every_second, args=(api, ticks := []))
    steady.start()
    with contextlib.ExitStack() as idle:
        opened = {name: socket.create_connection(api.place, timeout=WAIT_SECONDS) for name in slow}
        for name, sent in slow.items():
            opened[name].sendall(sent.encode())
        for _ in range(300):
            idle.enter_context(socket.create_connection(api.place, timeout=WAIT_SECONDS))
        with bare(api) as probe:
            assert probe.get("/v1/health", timeout=8).status_code == 200
        answers = {name: _rest(one) for name, one in opened.items()}
        assert 8 < time.monotonic() - started < 60
    assert (answers["nothing"], answers["half a head"]) == (b"", b"")
    assert answers["half a body"].startswith(b"HTTP/1.1 408 ")
    assert b"RK706" in answers["half a body"]
    steady.join()
    assert ticks == [200] * SECONDS


SECONDS = 12


def _ask_every_second(served: Served, ticks: list[int]) -> None:
    """One connection, one request a second: it is never cut between two of them."""
    connection = http.client.HTTPConnection(*served.place, timeout=WAIT_SECONDS)
    connection.connect()
    opened = connection.sock
    for _ in range(SECONDS):
        connection.request("GET", "/v1/health")
        answer = connection.getresponse()
        answer.read()
        assert connection.sock is opened
        ticks.append(answer.status)
        time.sleep(1)
    connection.close()


def test_a_connection_that_is_kept_is_as_fast_as_a_new_one(api: Served):
    """Without TCP_NODELAY each answer on it took 44 ms, a hundred times as long."""
    kept = http.client.HTTPConnection(*api.place, timeout=WAIT_SECONDS)

    def ask(connection: http.client.HTTPConnection) -> float:
        started = time.perf_counter()
        connection.request("GET", "/v1/health")
        assert json.loads(connection.getresponse().read()) == {"status": "ok"}
        return time.perf_counter() - started

    def ask_anew() -> float:
        with contextlib.closing(http.client.HTTPConnection(*api.place, timeout=WAIT_SECONDS)) as connection:
            return ask(connection)

    with contextlib.closing(kept):
        ask(kept)
        # The fastest of each: a busy machine delays some, and Nagle's algorithm every one.
        assert min(ask(kept) for _ in range(60)) < 10 * min(ask_anew() for _ in range(60))


def _rest(connection: socket.socket) -> bytes:
    with connection:
        read = b""
        while chunk := connection.recv(65_536):
            read += chunk
        return read


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=20,
)
LIKE = st.fixed_dictionaries(
    {}, optional={"scenarios": JSON, "organisations": JSON, "budget_seconds": JSON, "other": JSON}
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    content=st.binary(max_size=200)
    | JSON.map(lambda one: json.dumps(one).encode())
    | LIKE.map(lambda one: json.dumps(one).encode())
)
def test_whatever_the_body_is_the_answer_is_a_run_or_a_problem(api: Served, content: bytes):
    answer = api.client.post("/v1/runs", content=content, headers={"content-type": "application/json"})
    assert answer.status_code in (200, 202, 422, 429), answer.text
    if answer.status_code >= 400:
        told = answer.json()
        assert (told["status"], told["type"]) == (answer.status_code, f"urn:rekindle:{told['code']}")


def test_answers_and_logs_contain_nothing_secret(keyed: Command, team: Team, fcm: Sandbox):
    """Keys, tokens, texts and names, with the log at its lowest level."""
    team.people(2)
    team.execute("update team.person set first_name = 'c4n4ry-name'")
    team.execute("update team.device set token = 'c4n4ry-token-' || token")
    fcm.faults([{"match": {"target": "c4n4ry-token-t1-1"}, "respond": {"status": 404, "body": "c4n4ry-page"}}])
    loud = ("--debug", "--log-level", "debug")
    with serving(keyed.having(REKINDLE_API_KEY_NEXT=NEXT), before=loud) as api:
        answers = [api.post(key="c4n4ry-idempotency", wait=30)]
        answers.append(api.post({"budget_seconds": 5}, key="c4n4ry-idempotency"))
        answers.append(api.client.get(f"/v1/runs/{answers[0].json()['run_id']}"))
        answers.append(api.client.get("/c4n4ry-path?x=c4n4ry-query"))
        answers.append(api.client.request("C4N4RY", "/v1/runs"))
        answers.append(api.client.post("/v1/runs", json={"scenarios": ["c4n4ry"]}))
        answers.append(api.client.post("/v1/runs", json={"budget_seconds": "c4n4ry-value"}))
        answers.append(
            api.client.post("/v1/runs", content=b"c4n4ry-not-json", headers={"content-type": "application/json"})
        )
        with bare(api, headers={"apikey": "c4n4ry-wrong-key"}) as client:
            answers.append(client.post("/v1/runs", json={}))
        log = api.stop().err
    assert [answer.status_code for answer in answers] == [200, 422, 200, 404, 405, 422, 422, 422, 401]
    said = log + "".join(answer.text + str(answer.headers) for answer in answers if answer.status_code != 422)
    assert re.findall(r"(?i)c4n4ry[-\w]*", said) == []
    # Of the request, only the name of a scenario is repeated, and only in the answer.
    assert re.findall(r"c4n4ry[-\w]*", "".join(one.text for one in answers)) == ["c4n4ry"]
    for secret in (KEY, NEXT, "BEGIN PRIVATE KEY", "ya29."):
        assert secret not in said
    lines = [json.loads(line) for line in log.splitlines() if '"http.request"' in line]
    assert [(line["method"], line["route"], line["status"]) for line in lines] == [
        ("POST", "/v1/runs", 200),
        ("POST", "/v1/runs", 422),
        ("GET", "/v1/runs/{run_id}", 200),
        ("GET", "-", 404),
        ("-", "/v1/runs", 405),
        ("POST", "/v1/runs", 422),
        ("POST", "/v1/runs", 422),
        ("POST", "/v1/runs", 422),
        ("POST", "-", 401),
    ]


def test_health_does_not_mention_the_database_and_ready_gives_only_a_code(keyed: Command, team: Team):
    with serving(keyed) as api, bare(api) as client:
        team.execute("delete from rekindle.schema_migration")
        until(lambda: client.get("/v1/ready").status_code != 200)
        answer = client.get("/v1/ready")
        told = answer.json()
        assert (answer.status_code, told["code"], told["hint"]) == (503, "RK203", "Run `rekindle migrate`.")
        assert answer.headers["retry-after"] == "10"
        assert client.get("/v1/health").status_code == 200
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
