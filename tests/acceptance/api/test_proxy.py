"""nginx in front of the API, with the configuration of the examples: TLS, limits, logs, a restart
of Rekindle, and which users reach the socket."""

import contextlib
import grp
import os
import re
import ssl
import stat
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager

import pytest

from acceptance.api.proxy import AS_ROOT, CONFIG, GROUP, NGINX, Proxy, proxying
from acceptance.api.served import KEY, Served, sends_slowly, serving
from acceptance.command import Command
from rekindle.api.middleware import MAX_BODY_BYTES
from rekindle.api.run_routes import MAX_WAIT_SECONDS
from rekindle.sandbox import Sandbox
from team.team import TEAM_CONFIG, Team, write_config
from team.waiting import until

pytestmark = pytest.mark.skipif(NGINX is None, reason="nginx is not installed")
OPENS = GROUP if AS_ROOT else grp.getgrgid(os.getgid()).gr_name


def behind(proxy: Proxy, keyed: Command, *more: object) -> AbstractContextManager[Served]:
    """A server on the proxy's socket, open to the proxy's group."""
    return serving(keyed, "--unix-socket-group", OPENS, *more, unix_socket=proxy.unix_socket)


@pytest.fixture
def proxy(keyed: Command) -> Iterator[Proxy]:
    """The proxy, with Rekindle behind it."""
    with proxying() as proxy, behind(proxy, keyed):
        yield proxy


def test_a_run_is_started_over_tls_with_the_key_and_the_logs_have_neither_key_nor_path(proxy: Proxy, team: Team):
    team.people(2)
    with proxy.client() as stranger, proxy.client(apikey=KEY) as client:
        refused = stranger.post("/v1/runs", json={})
        assert (refused.status_code, refused.json()["code"]) == (401, "RK702")
        assert refused.headers["strict-transport-security"] == "max-age=31536000"
        answer = client.post("/v1/runs", json={}, headers={"prefer": "wait=30"})
        assert (answer.status_code, answer.json()["scenarios"][0]["recorded"]) == (200, 2)
        assert client.get(answer.headers["location"]).json() == answer.json()
        assert client.get("/openapi.json").json()["info"]["title"] == "Rekindle"
        assert stranger.get("/openapi.json").status_code == 401
        token = stranger.get("/v1/runs", headers={"authorization": f"Bearer {'x' * 8_192}"})
        assert (token.status_code, token.json()["code"][:3]) == (401, "RK7"), "the proxy refused a long token"
        forged = {"x-forwarded-for": "127.0.0.1", "forwarded": "for=127.0.0.1", "x-real-ip": "127.0.0.1"}
        assert stranger.post("/v1/runs", json={}, headers=forged).status_code == 401
    until(lambda: proxy.logged().count("\n") == 7)
    lines = proxy.logged().splitlines()
    assert [line.split()[2:4] for line in lines][:3] == [["POST", "401"], ["POST", "200"], ["GET", "200"]]
    assert not re.search(rf"{KEY}|/v1|{answer.json()['run_id']}", proxy.logged())


def test_http_2_and_modern_tls_are_spoken_and_an_old_version_is_not():
    with proxying() as proxy:
        proxy.trust.set_alpn_protocols(["h2", "http/1.1"])
        with proxy.connection() as connection:
            assert (connection.selected_alpn_protocol(), connection.version()) == ("h2", "TLSv1.3")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            proxy.trust.minimum_version = ssl.TLSVersion.TLSv1
            proxy.trust.maximum_version = ssl.TLSVersion.TLSv1_1
        proxy.trust.set_ciphers("ALL:@SECLEVEL=0")
        with pytest.raises(ssl.SSLError):
            proxy.connection()


def test_a_slow_client_is_cut_off_by_the_proxy_and_rekindle_hears_nothing_of_it():
    head = "POST /v1/runs HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
    with proxying(replaced={"10s": "1s"}) as proxy, contextlib.ExitStack() as opened:
        slow = [opened.enter_context(proxy.connection()) for _ in range(2)]
        slow[0].sendall(f"{head}content-length: 20\r\n\r\n{{".encode())
        slow[1].sendall(head.encode())
        assert [connection.recv(1_000) for connection in slow] == [b"", b""]
        until(lambda: proxy.logged().count(" POST 408 0 ") == 2)
        assert all(line.endswith(" -") for line in proxy.logged().splitlines()), "it was passed on"


def test_a_body_of_the_size_that_rekindle_takes_is_passed_on_and_a_larger_one_is_not(proxy: Proxy):
    headers = {"content-type": "application/json"}
    with proxy.client(apikey=KEY) as client:
        answer = client.post("/v1/runs", content=b"{}" + b" " * (MAX_BODY_BYTES - 2), headers=headers)
        assert answer.status_code == 202
        chunks = [b"{}" + b" " * MAX_BODY_BYTES]
        for content in (chunks[0], iter(chunks)):
            answer = client.post("/v1/runs", content=content, headers=headers)
            assert (answer.status_code, answer.headers["server"]) == (413, "nginx")
    assert "proxy_read_timeout 330s;" in CONFIG.read_text()
    assert MAX_WAIT_SECONDS < 330, "the proxy would end a request that waits for its run"


def test_the_events_of_a_run_pass_through_while_it_is_running(keyed: Command, team: Team, fcm: Sandbox):
    team.people(8)
    write_config(keyed.folder, TEAM_CONFIG.replace("[dispatcher]", "[dispatcher]\nconcurrency = 2"))
    fcm.faults(sends_slowly(2))
    with proxying() as proxy, behind(proxy, keyed), proxy.client(apikey=KEY) as client:
        run = client.post("/v1/runs", json={}).headers["location"]
        with client.stream("GET", f"{run}/events") as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            lines = answer.iter_lines()
            assert "event: progress" in lines
            assert client.get(run).json()["status"] == "running"
            assert "event: ended" in lines
        assert client.get(run).json()["status"] == "done"


def test_more_requests_than_the_proxy_lets_through_are_refused_with_429():
    with proxying() as proxy, proxy.client() as client:
        statuses = [client.get("/v1/health").status_code for _ in range(150)]
    assert set(statuses) == {502, 429}, "nothing listens behind it"
    assert statuses[:40] == [502] * 40


def test_after_a_restart_rekindle_is_reached_again_and_only_by_the_proxys_group(keyed: Command):
    with proxying() as proxy, proxy.client(apikey=KEY) as client:
        with behind(proxy, keyed):
            assert client.get("/v1/health").status_code == 200
        assert client.get("/v1/health").status_code == 502
        with serving(keyed, unix_socket=proxy.unix_socket):
            assert client.get("/v1/health").status_code == (502 if AS_ROOT else 200)
        with behind(proxy, keyed):
            state = proxy.unix_socket.stat()
            assert (stat.S_IMODE(state.st_mode), state.st_gid) == (0o660, grp.getgrnam(OPENS).gr_gid)
            assert client.get("/v1/health").status_code == 200
