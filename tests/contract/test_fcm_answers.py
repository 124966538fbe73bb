"""FCM's answers over a real TLS connection: each is classified, and each call of send is one
request."""

import asyncio
import uuid
from datetime import UTC, datetime

import pytest

from contract.fcm_server import PROJECT, Reply, as_reply, assert_as_expected, dispatching, error_cases, message, serving
from rekindle.errors import Disposition
from rekindle.model import Accepted, Refused, Uncertain

CASES = [case for case in error_cases() if case["expected_code"] != "UNAUTHENTICATED"]


async def test_every_known_answer_is_classified_on_the_wire_as_its_case_documents(tmp_path):
    async with serving(tmp_path) as server, dispatching(server) as dispatcher:
        for number, case in enumerate(CASES, start=1):
            reply = as_reply(case, datetime.now(UTC))
            server.answer = lambda _, reply=reply: reply
            outcome = await dispatcher.send(message(), timeout=10)
            if case["id"] == "ra_http_date_future" and isinstance(outcome, Refused):
                assert outcome.retry_after == pytest.approx(60, abs=5)
            else:
                assert_as_expected(case, outcome)
            assert server.opened == number, f"{case['id']} was sent more than once"


async def test_an_accepted_message_is_the_one_that_was_given(tmp_path):
    async with serving(tmp_path) as server, dispatching(server) as dispatcher:
        sent = message(target_kind="fid", target="fid-1")
        assert await dispatcher.send(sent, timeout=10) == Accepted("projects/programme-1/messages/0:1")
    (request,) = server.requests
    assert request.path == f"/v1/projects/{PROJECT}/messages:send"
    assert request.headers["authorization"] == "Bearer ya29.secret-1"
    assert request.headers["content-type"].startswith("application/json")
    assert request.message["fid"] == "fid-1"
    assert request.message["data"]["claim_id"] == str(sent.claim_id)


async def test_a_validation_asks_for_no_delivery_and_accepts_the_fake_name(tmp_path):
    async with serving(tmp_path) as server, dispatching(server) as dispatcher:
        fake = "projects/programme-1/messages/fake_message_id"
        server.answer = lambda _: Reply(body=b'{"name": "%s"}' % fake.encode())
        assert await dispatcher.validate(message(), timeout=10) == Accepted(fake)
        assert b'"validate_only":true' in server.requests[0].body
        assert not isinstance(await dispatcher.send(message(), timeout=10), Accepted)


@pytest.mark.parametrize(
    ("changes", "reason"), [({"body": "x" * 4_096}, "too_large"), ({"title": "\ud800"}, "not_encodable")]
)
async def test_a_message_that_fcm_can_only_refuse_is_not_sent(tmp_path, changes, reason):
    async with serving(tmp_path) as server, dispatching(server) as dispatcher:
        outcome = await dispatcher.send(message(**changes), timeout=10)
    assert outcome == Refused(Disposition.DROP, reason)
    assert server.opened == 0


async def test_a_redirect_is_not_followed(tmp_path):
    async with serving(tmp_path) as server, dispatching(server) as dispatcher:
        server.answer = lambda _: Reply(307, b"", {"location": f"{server.url}/elsewhere"})
        assert await dispatcher.send(message(), timeout=10) == Uncertain("garbled_answer")
    assert server.opened == 1


async def test_no_proxy_of_the_environment_sees_a_message_or_a_token(tmp_path, monkeypatch):
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    async with serving(tmp_path) as server, dispatching(server) as dispatcher:
        assert isinstance(await dispatcher.send(message(), timeout=10), Accepted)


async def test_an_endless_answer_is_read_up_to_a_limit(tmp_path):
    async with serving(tmp_path) as server, dispatching(server) as dispatcher:
        server.answer = lambda _: Reply(body=b'{"name": "' + b"x" * 60_000 + b'"}')
        assert await dispatcher.send(message(), timeout=10) == Uncertain("garbled_answer")
        server.answer = lambda _: Reply(404, b" " * 65_000 + b"}")
        assert await dispatcher.send(message(), timeout=10) == Refused(Disposition.DROP, "not_found")


async def test_many_messages_share_the_connections_and_each_arrives_once(tmp_path):
    async with serving(tmp_path) as server, dispatching(server, connections=3) as dispatcher:
        server.answer = lambda request: Reply(body=b'{"name": "m/%s"}' % request.message["data"]["claim_id"].encode())
        messages = [message(claim_id=uuid.uuid4()) for _ in range(300)]
        outcomes = await asyncio.gather(*(dispatcher.send(each, timeout=30) for each in messages))
    assert outcomes == [Accepted(f"m/{each.claim_id}") for each in messages]
    assert server.opened == 300
    assert server.connections == 3 + 1  # and one for the token
