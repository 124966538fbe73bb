"""Every fault does what it says: to the connection, to the answer, and to the log."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from contract.fcm_cases import ERRORS
from contract.sandbox_client import UNANSWERED, Sender, account_of, ask_token, assertion_of, client_of, trust
from rekindle.errors import SandboxError
from rekindle.sandbox import Sandbox
from team.waiting import WAIT_SECONDS, until


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    with Sandbox() as one:
        yield one


@pytest.fixture
def sandbox(running: Sandbox) -> Sandbox:
    running.faults([])
    running.clear()
    return running


@pytest.fixture(params=[True, False], ids=["http2", "http1"])
def sender(sandbox: Sandbox, request: pytest.FixtureRequest) -> Iterator[Sender]:
    with Sender(sandbox, http2=request.param) as one:
        yield one


def fault(respond: Any, *, target: str = "t*", times: int | None = None) -> dict[str, Any]:
    return {"match": {"target": target}, "times": times, "respond": respond}


def targets(sandbox: Sandbox) -> list[str]:
    return [entry["target"] for entry in sandbox.messages()]


@pytest.mark.parametrize("case", [case for case in ERRORS if case["status"]], ids=lambda case: case["id"])
def test_any_answer_can_be_given_word_for_word(sandbox: Sandbox, case: dict[str, Any]):
    sandbox.faults([fault({name: case[name] for name in ("status", "headers", "body")})])
    with Sender(sandbox) as sender:
        answer = sender.send({"token": "t"})
    assert answer.status_code == case["status"]
    expected = case["body"]
    assert (answer.text if isinstance(expected, str) else answer.json()) == expected
    for name, value in case["headers"].items():
        assert answer.headers[name] == value
    assert sandbox.messages() == []


def test_a_delay_comes_before_the_acceptance(sandbox: Sandbox, sender: Sender):
    sandbox.faults([fault({"delay_ms": 2_000}, times=1)])
    with pytest.raises(httpx.ReadTimeout):
        sender.send({"token": "t-late"}, timeout=UNANSWERED)
    assert sender.send({"token": "t-next"}).status_code == 200
    sandbox.faults([fault({"delay_ms": 300}, target="t-slow")])
    answer = sender.send({"token": "t-slow"})
    assert (answer.status_code, answer.elapsed.total_seconds() >= 0.3) == (200, True)
    # The sandbox did not notice that the client gave up on the first one: it was accepted.
    until(lambda: len(targets(sandbox)) == 3)
    assert sorted(targets(sandbox)) == ["t-late", "t-next", "t-slow"]


def test_a_delayed_answer_may_be_a_rejection(sandbox: Sandbox, sender: Sender):
    sandbox.faults([fault({"delay_ms": 50, "status": 429, "headers": {"Retry-After": "7"}})])
    answer = sender.send({"token": "t"})
    assert (answer.status_code, answer.headers["retry-after"], answer.content) == (429, "7", b"")
    assert answer.elapsed.total_seconds() >= 0.05
    assert sandbox.messages() == []


def test_a_hanging_send_is_never_answered_and_never_accepted(sandbox: Sandbox, sender: Sender):
    sandbox.faults([fault("hang", times=1)])
    with pytest.raises(httpx.ReadTimeout):
        sender.send({"token": "t"}, timeout=UNANSWERED)
    assert sandbox.messages() == []
    assert sender.send({"token": "t"}).status_code == 200


async def test_hanging_sends_do_not_keep_others_from_being_answered(sandbox: Sandbox):
    sandbox.faults([fault("hang")])
    before = sandbox.requests()["send"]
    # One event loop for the hanging sends: threads that share an HTTP/2 connection of httpx mix up
    # their stream ids.
    async with httpx.AsyncClient(http2=True, verify=trust(sandbox), timeout=WAIT_SECONDS, trust_env=False) as client:
        with Sender(sandbox) as sender:
            url = f"{sandbox.url}/v1/projects/{sandbox.project}/messages:send"
            body = {"message": {"token": "t"}}
            hanging = [asyncio.create_task(client.post(url, json=body, headers=sender.headers)) for _ in range(60)]
            while sandbox.requests()["send"] < before + 60:
                await asyncio.sleep(0.01)
            answers = [sender.send({"token": f"other-{n}"}).status_code for n in range(20)]
        assert not any(one.done() for one in hanging)
        for one in hanging:
            one.cancel()
        await asyncio.gather(*hanging, return_exceptions=True)
    assert answers == [200] * 20
    assert len(targets(sandbox)) == 20


def test_a_reset_comes_before_the_acceptance(sandbox: Sandbox, sender: Sender):
    sandbox.faults([fault("reset", times=1)])
    with pytest.raises(httpx.TransportError):
        sender.send({"token": "t"})
    assert sandbox.messages() == []
    assert sender.send({"token": "t"}).status_code == 200


def test_a_reset_after_the_acceptance_leaves_the_message_in_the_log(sandbox: Sandbox, sender: Sender):
    sandbox.faults([fault("reset_after_accept", times=1)])
    with pytest.raises(httpx.TransportError):
        sender.send({"token": "t"})
    assert targets(sandbox) == ["t"]


@pytest.mark.parametrize("conduct", ["reset", "reset_after_accept"])
def test_a_reset_is_a_tcp_reset_and_not_a_close(sandbox: Sandbox, conduct: str):
    sandbox.faults([fault(conduct)])
    with Sender(sandbox) as sender:
        authorization = sender.headers["authorization"]
    body = b'{"message":{"token":"t"}}'
    head = (
        f"POST /v1/projects/{sandbox.project}/messages:send HTTP/1.1\r\nHost: localhost\r\n"
        f"Authorization: {authorization}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    # TLS in memory: OpenSSL's own socket sometimes reports a reset as an end, depending on what it
    # reads next.
    received, sent = ssl.MemoryBIO(), ssl.MemoryBIO()
    secure = trust(sandbox).wrap_bio(received, sent, server_hostname="localhost")
    with socket.create_connection(("127.0.0.1", int(sandbox.url.rpartition(":")[2])), timeout=WAIT_SECONDS) as raw:
        while not secure.version():
            with contextlib.suppress(ssl.SSLWantReadError):
                secure.do_handshake()
            raw.sendall(sent.read())
            if not secure.version():
                received.write(raw.recv(65536))
        secure.write(head.encode() + body)
        raw.sendall(sent.read())
        with pytest.raises(ConnectionResetError):
            read_to_the_end(raw)


def read_to_the_end(raw: socket.socket) -> None:
    while raw.recv(65536):
        pass


def test_a_reset_hits_every_stream_of_its_connection_and_no_other(sandbox: Sandbox):
    sandbox.faults([fault("hang", target="t-hang"), fault("reset", target="t-reset")])
    with Sender(sandbox) as mine, Sender(sandbox) as other, ThreadPoolExecutor(1) as pool:
        before = sandbox.requests()["send"]
        neighbour = pool.submit(mine.send, {"token": "t-hang"})
        until(lambda: sandbox.requests()["send"] > before)
        with pytest.raises(httpx.TransportError):
            mine.send({"token": "t-reset"})
        assert isinstance(neighbour.exception(timeout=WAIT_SECONDS), httpx.TransportError)
        assert other.send({"token": "fine"}).status_code == 200


def test_an_acceptance_can_be_answered_with_503(sandbox: Sandbox, sender: Sender):
    sandbox.faults([fault("accept_then_503")])
    answer = sender.send({"token": "t"})
    assert answer.status_code == 503
    assert answer.json()["error"]["status"] == "UNAVAILABLE"
    assert targets(sandbox) == ["t"]


def test_an_acceptance_can_be_answered_with_half_a_body(sandbox: Sandbox, sender: Sender):
    sandbox.faults([fault("cut_body", times=1)])
    with pytest.raises(Exception, match=r"(?i)expected \d+"):
        sender.send({"token": "t"})
    assert targets(sandbox) == ["t"]


def test_a_validation_is_never_logged_whatever_the_fault(sandbox: Sandbox, sender: Sender):
    sandbox.faults([fault("accept_then_503")])
    check = {"message": {"token": "t"}, "validate_only": True}
    assert sender.post(check).status_code == 503
    sandbox.faults([])
    assert sender.post(check).status_code == 200
    assert sandbox.messages() == []


def test_the_first_fault_that_fits_and_is_not_used_up_wins(sandbox: Sandbox, sender: Sender):
    sandbox.faults(
        [
            fault({"status": 500}, target="a1", times=1),
            fault({"status": 502}, target="a*", times=2),
            fault({"status": 503}, target="*"),
        ]
    )
    sent = ["a1", "a1", "b", "a2", "a3", "a1"]
    assert [sender.send({"token": token}).status_code for token in sent] == [500, 502, 503, 502, 503, 503]
    faults = sender.client.get("/_sandbox/faults").json()
    assert [one["hits"] for one in faults] == [1, 2, 3]
    assert faults[0]["match"] == {"target": "a1"}
    assert sender.client.put("/_sandbox/faults", json=faults).status_code == 200
    assert sender.send({"token": "a1"}).status_code == 500


def test_a_fault_without_a_match_applies_to_every_send(sandbox: Sandbox, sender: Sender):
    sandbox.faults([{"respond": {"status": 500}}])
    assert [sender.send({kind: "x"}).status_code for kind in ("token", "fid", "topic")] == [500, 500, 500]
    sandbox.faults([])
    assert sender.send({"token": "x"}).status_code == 200


def test_a_fault_is_not_spent_on_a_message_that_fcm_refuses_anyway(sandbox: Sandbox, sender: Sender):
    sandbox.faults([fault({"status": 500}, times=1)])
    assert sender.send({"token": "t", "data": {"from": "x"}}).status_code == 400
    assert sender.send({"token": "t"}).status_code == 500


def test_the_token_endpoint_can_fail_too(sandbox: Sandbox):
    assertion = assertion_of(account_of(sandbox))
    token = {"path": "token"}
    sandbox.faults(
        [
            {"match": token, "times": 1, "respond": {"status": 503, "body": {"error": "server_error"}}},
            {"match": token, "times": 1, "respond": "reset"},
            {"match": token, "times": 1, "respond": "hang"},
        ]
    )
    with client_of(sandbox) as client:
        failed = ask_token(client, assertion)
        assert (failed.status_code, failed.json()) == (503, {"error": "server_error"})
        with pytest.raises(httpx.TransportError):
            ask_token(client, assertion)
        client.timeout = UNANSWERED
        with pytest.raises(httpx.ReadTimeout):
            ask_token(client, assertion)
        client.timeout = httpx.Timeout(WAIT_SECONDS)
        assert ask_token(client, assertion).status_code == 200


@pytest.mark.parametrize(
    ("faults", "why"),
    [
        ({}, "must be a list"),
        ([1], "fault 1 must be an object"),
        ([{}], "respond is missing"),
        ([{"respond": "explode"}], "one of hang, reset"),
        ([{"respond": {}}], "needs a status or a delay_ms"),
        ([{"respond": {"body": "x", "delay_ms": 1}}], "needs a status or a delay_ms"),
        ([{"respond": {"status": 99}}], "status must be"),
        ([{"respond": {"status": "500"}}], "status must be"),
        ([{"respond": {"status": 500, "colour": 1}}], "unknown key 'colour'"),
        ([{"respond": {"status": 500, "headers": []}}], "headers must be"),
        ([{"respond": {"status": 500, "headers": ["a"]}}], "headers must be"),
        ([{"respond": {"status": 500, "headers": {"a b": "c"}}}], "is not a valid header"),
        ([{"respond": {"status": 500, "headers": {"a": "c\r\nd: e"}}}], "is not a valid header"),
        ([{"respond": {"status": 500, "headers": {"Content-Length": "1"}}}], "is set by the server"),
        ([{"respond": {"delay_ms": -1}}], "delay_ms must be"),
        ([{"respond": {"delay_ms": True}}], "delay_ms must be"),
        ([{"respond": "hang", "times": 0}], "times must be"),
        ([{"respond": "hang", "times": True}], "times must be"),
        ([{"respond": "hang", "match": {"target": ""}}], "match.target must be"),
        ([{"respond": "hang", "match": {"topic": "x"}}], "unknown key 'topic'"),
        ([{"respond": "hang", "match": {"path": "batch"}}], "match.path must be"),
        ([{"respond": "hang", "match": {"path": "token", "target": "x"}}], "has no target"),
        ([{"respond": "accept_then_503", "match": {"path": "token"}}], "one of hang, reset"),
        ([{"respond": "hang"}, {"respond": "explode"}], "fault 2"),
    ],
)
def test_a_wrong_fault_is_refused_in_one_line_and_changes_nothing(sandbox: Sandbox, faults: Any, why: str):
    sandbox.faults([fault({"status": 418})])
    with Sender(sandbox) as sender:
        answer = sender.client.put("/_sandbox/faults", json=faults)
        assert answer.status_code == 400
        assert why in answer.json()["error"]
        assert "\n" not in answer.json()["error"]
        assert sender.send({"token": "t"}).status_code == 418


def test_a_wrong_fault_is_an_error_of_the_sandbox_in_python(sandbox: Sandbox):
    with pytest.raises(SandboxError, match="one of hang, reset"):
        sandbox.faults([fault("explode")])
