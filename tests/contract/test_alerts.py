"""A receiver over real TLS, and everything that it may do wrong: one line each, never an error of
the run, and never its address."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from contract.fcm_server import CLOSE, CUT, HANG, Reply, Server, certificates, serving
from rekindle.alert import receiver
from rekindle.alert.alerts import HttpAlerts, Sender, signature
from rekindle.alert.settings import AlertSettings
from rekindle.ports import Alert
from rekindle.scenario import AlertConfig

SECRET = "s3cret-of-the-tests-0123456789abcdef"
ALERT = Alert("run.halted", ("nudge",), datetime(2026, 3, 10, 12, 0, tzinfo=UTC), "Look.", code="RK402")
FAILED = "alert.failed"


@pytest.fixture
async def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Server]:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates(tmp_path) / "ca.pem"))
    async with serving(tmp_path, protocol="http/1.1") as one:
        yield one


def alerts(url: str, **keys: Any) -> HttpAlerts:
    config = AlertConfig(
        **{"allow_private": True} | keys,
        heartbeat_url=SecretStr(f"{url}/p1ng"),
        webhook_url=SecretStr(f"{url}/h00k?a=b"),
    )
    return HttpAlerts.of(config, AlertSettings(secret=SecretStr(SECRET)), Sender("machine-1", "0.1.0"))


async def told(url: str, caplog: pytest.LogCaptureFixture, **keys: Any) -> list[str]:
    """What the log says after an alert and a heartbeat."""
    caplog.clear()
    with caplog.at_level("INFO", logger="rekindle"):
        await alerts(url, **keys).tell([ALERT])
        await alerts(url, **keys).beat()
    assert not [one for one in caplog.messages if "h00k" in one or "p1ng" in one or SECRET in one]
    return caplog.messages


async def test_a_webhook_gets_a_signed_document_and_a_heartbeat_a_get(
    server: Server, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTPS_PROXY", "ALL_PROXY", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")  # not used
    before = int(time.time())
    assert [one.split()[0] for one in await told(server.url, caplog)] == ["alert.sent", "alert.sent"]
    hook, ping = server.requests
    assert (hook.path, ping.path, ping.body) == ("/h00k?a=b", "/p1ng", b"")
    assert hook.headers["content-type"] == "application/json"
    assert hook.headers["host"] == server.url.removeprefix("https://")
    at = int(hook.headers["rekindle-signature"].split(",")[0].removeprefix("t="))
    assert before <= at <= time.time()
    assert hook.headers["rekindle-signature"] == signature(SECRET.encode(), hook.body, at=at)
    assert json.loads(hook.body)["event"] == "run.halted"


REPLIES: dict[str, tuple[Callable[[str], Reply | str], str]] = {
    "redirects": (lambda url: Reply(307, headers={"Location": f"{url}/other"}), "redirects (HTTP 307)"),
    "fails": (lambda _: Reply(500), "answered HTTP 500"),
    "refuses": (lambda _: Reply(404), "answered HTTP 404"),
    "hangs": (lambda _: HANG, "gave no answer within 3 s"),
    "hangs up": (lambda _: CLOSE, "gave no valid answer"),
}


@pytest.mark.parametrize("name", REPLIES)
async def test_a_receiver_that_fails_is_one_line_with_a_hint(
    server: Server, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    answer, said = REPLIES[name]
    if name == "hangs":
        monkeypatch.setattr(receiver, "ANSWER_SECONDS", 3.0)
    server.answer = lambda _: answer(server.url)
    lines = await told(server.url, caplog)
    assert [(one.split()[0], said in one, "RK605" in one, "hint=" in one) for one in lines] == [
        (FAILED, True, True, True)
    ] * 2
    assert len(server.requests) == 2  # nothing is repeated or followed


async def test_an_answer_is_not_read(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    server.answer = lambda _: CUT
    assert [one.split()[0] for one in await told(server.url, caplog)] == ["alert.sent"] * 2


async def test_a_receiver_that_is_not_there_or_not_trusted_is_one_line(
    server: Server, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = server.url.rpartition(":")[2]
    for url, said in {
        f"https://localhost:{port}": "no trusted TLS connection",  # the certificate is for 127.0.0.1
        "https://127.0.0.1:1": "no connection to the",
        "https://receiver.invalid": "is not known to the DNS",
        "https://a..b": "is not known to the DNS",
    }.items():
        lines = await told(url, caplog)
        assert [(one.split()[0], said in one) for one in lines] == [(FAILED, True)] * 2, url
    monkeypatch.delenv("SSL_CERT_FILE")
    assert ["no trusted TLS connection" in one for one in await told(server.url, caplog)] == [True] * 2

    async def without_tls(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad\r\n\r\n")
        writer.close()

    plain = await asyncio.start_server(without_tls, "127.0.0.1", 0)
    async with plain:
        lines = await told(f"https://127.0.0.1:{plain.sockets[0].getsockname()[1]}", caplog)
        assert ["no trusted TLS connection" in one for one in lines] == [True] * 2
    assert server.requests == []


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]"])
async def test_a_receiver_that_is_not_public_is_not_connected_to(
    server: Server, caplog: pytest.LogCaptureFixture, host: str
) -> None:
    lines = await told(f"https://{host}", caplog, allow_private=False)
    assert [(one.split()[0], "is not public" in one) for one in lines] == [(FAILED, True)] * 2
    assert server.connections == 0


def found(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    """Let the resolver know these addresses of every name."""
    known = [(0, 0, 0, "", (one, 0)) for one in addresses]
    monkeypatch.setattr("rekindle.outbound.socket.getaddrinfo", lambda *_, **__: known)


async def test_a_name_with_one_address_that_is_not_public_is_refused(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    found(monkeypatch, "8.8.8.8", "10.0.0.1")
    lines = await told("https://both.example", caplog, allow_private=False)
    assert ["is not public" in one for one in lines] == [True] * 2


async def test_a_resolver_that_hangs_holds_nothing_up(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    released = threading.Event()
    monkeypatch.setattr(receiver, "ANSWER_SECONDS", 0.1)
    monkeypatch.setattr("rekindle.outbound.socket.getaddrinfo", lambda *_, **__: released.wait(200) and [])
    lines = await told("https://hangs.example", caplog)
    assert ["gave no answer within 0.1 s" in one for one in lines] == [True] * 2
    began = time.monotonic()
    await asyncio.get_running_loop().shutdown_default_executor()
    assert time.monotonic() - began < 90
    released.set()


async def test_the_next_address_of_a_name_is_tried_if_nothing_has_left(
    server: Server, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = socket.getaddrinfo

    def two(host: Any, port: Any, *others: Any, **keys: Any) -> Any:
        if threading.current_thread().name == "rekindle-dns":
            return [(0, 0, 0, "", ("127.0.0.2", 0)), (0, 0, 0, "", ("127.0.0.1", 0))]
        return real(host, port, *others, **keys)  # the client's own look-up of a number

    monkeypatch.setattr("rekindle.outbound.socket.getaddrinfo", two)
    assert [one.split()[0] for one in await told(server.url, caplog)] == ["alert.sent"] * 2


async def test_check_looks_the_names_up_and_sends_nothing(server: Server) -> None:
    assert await alerts(server.url).resolved() == {"heartbeat": None, "webhook": None}
    faults = await alerts("https://127.0.0.1", allow_private=False).resolved()
    assert [one and one.code for one in faults.values()] == ["RK605", "RK605"]
    assert server.connections == 0
