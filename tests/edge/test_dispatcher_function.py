"""push-notification-dispatcher under real Deno: which callers it serves, which requests it
accepts, and what it relays from FCM."""

import asyncio
import contextlib
import json
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from contract.fcm_server import (
    CLOSE,
    CUT,
    GO_AWAY,
    HANG,
    REFUSE_STREAM,
    RESET,
    Reply,
    Server,
    access_token,
    as_reply,
    assert_as_expected,
    error_cases,
    message,
    service_account,
    serving,
)
from edge.deno import Function, started
from edge.dispatcher import KEY, before_server
from rekindle.dispatchers.supabase_function.dispatcher import SupabaseFunctionDispatcher
from rekindle.errors import CredentialsMissing, CredentialsRejected, Disposition, ProviderUnreachable
from rekindle.model import Accepted, Refused, Uncertain

NAME = "projects/programme-1/messages/0:1"


@contextlib.asynccontextmanager
async def running(tmp_path: Any, **environment: str) -> AsyncIterator[tuple[Server, Function]]:
    async with serving(tmp_path) as server, started(before_server(server, **environment)) as function:
        yield server, function


@contextlib.asynccontextmanager
async def dispatching(tmp_path: Any, **environment: str) -> AsyncIterator[tuple[Server, SupabaseFunctionDispatcher]]:
    async with running(tmp_path, **environment) as (server, function):
        dispatcher = SupabaseFunctionDispatcher(function.url, KEY, function="push-notification-dispatcher")
        await dispatcher.open()
        try:
            yield server, dispatcher
        finally:
            await dispatcher.close()


async def post(function: Function, content: Any, *, key: str | None = KEY) -> httpx.Response:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    async with httpx.AsyncClient(trust_env=False, timeout=60) as http:
        return await http.post(function.url, content=body, headers={} if key is None else {"apikey": key})


def batch(count: int = 1, **changes: Any) -> dict[str, Any]:
    one = {"token": "token-canary", "notification": {"title": "Title-canary", "body": "Body-canary"}}
    messages = [{"claim_id": str(uuid.uuid4()), "idempotency_key": "5d" * 32, "message": one} for _ in range(count)]
    return {"version": 1, "timeout_ms": 60_000, "validate_only": False, "messages": messages} | changes


async def test_every_known_answer_is_classified_through_the_function_as_without_it(tmp_path):
    async with dispatching(tmp_path) as (server, dispatcher):
        for number, case in enumerate(error_cases(), start=1):
            reply = as_reply(case, datetime.now(UTC))
            server.answer = lambda _, reply=reply: reply
            outcome = await dispatcher.send(message(), timeout=60)
            if case["id"] == "ra_http_date_future" and isinstance(outcome, Refused):
                assert outcome.retry_after == pytest.approx(60, abs=40)
            else:
                assert_as_expected(case, outcome)
            assert server.opened == number, f"{case['id']} was sent more than once"


@pytest.mark.parametrize(
    ("conduct", "outcome"),
    [
        (CLOSE, Uncertain("connection_lost")),
        (RESET, Uncertain("connection_lost")),
        (CUT, Uncertain("connection_lost")),
        (HANG, Uncertain("timeout")),
        (REFUSE_STREAM, Refused(Disposition.RETRY, "stream_refused")),
        (GO_AWAY, Refused(Disposition.RETRY, "stream_refused")),
    ],
)
async def test_a_failed_connection_is_classified_by_what_it_proves_and_nothing_is_sent_again(
    tmp_path, conduct, outcome
):
    async with dispatching(tmp_path) as (server, dispatcher):
        server.answer = lambda _: conduct
        assert await dispatcher.send(message(), timeout=5) == outcome
        assert server.opened == 1


async def test_if_nothing_listens_nothing_was_sent(tmp_path):
    async with dispatching(tmp_path) as (server, dispatcher):
        await server.stop()
        sent = await asyncio.gather(*(dispatcher.send(message(), timeout=5) for _ in range(3)))
        assert sent == [Refused(Disposition.RETRY, "connect_failed")] * 3


async def test_results_come_in_the_order_of_the_messages_whatever_fcm_does_first(tmp_path):
    async with dispatching(tmp_path) as (server, dispatcher):
        named = lambda request: Reply(body=json.dumps({"name": request.message["token"]}).encode())  # noqa: E731
        server.answer = lambda one: Reply(404, b"{}") if one.message["token"].endswith("7") else named(one)
        sent = await asyncio.gather(*(dispatcher.send(message(target=f"t{n}"), timeout=60) for n in range(60)))
    expected = [Refused(Disposition.DROP, "not_found") if n % 10 == 7 else Accepted(f"t{n}") for n in range(60)]
    assert sent == expected
    assert server.opened == 60


async def test_one_message_that_hangs_leaves_the_others_their_answers(tmp_path):
    async with dispatching(tmp_path) as (server, dispatcher):
        server.answer = lambda request: HANG if request.message["token"] == "t3" else Reply()
        sent = await asyncio.gather(*(dispatcher.send(message(target=f"t{n}"), timeout=5) for n in range(10)))
    assert sent == [Uncertain("timeout") if n == 3 else Accepted(NAME) for n in range(10)]


async def test_a_message_without_time_left_is_not_sent(tmp_path):
    async with running(tmp_path) as (server, function):
        server.answer = lambda _: HANG
        answer = (await post(function, batch(40, timeout_ms=4_000))).json()
    fates = [next(iter(one.keys() & {"uncertain", "not_sent"})) for one in answer["results"]]
    assert fates == ["uncertain"] * 25 + ["not_sent"] * 15
    assert server.opened == 25


async def test_one_token_serves_until_shortly_before_it_expires(tmp_path):
    async with dispatching(tmp_path) as (server, dispatcher):
        for _ in range(3):
            await dispatcher.send(message(), timeout=60)
        assert len(server.token_requests) == 1
        assert {one.headers["authorization"] for one in server.requests} == {"Bearer ya29.secret-1"}


async def test_a_token_that_expires_at_once_is_fetched_anew(tmp_path):
    async with running(tmp_path) as (server, function):
        server.token_answer = lambda _: Reply(body=b'{"access_token": "ya29.secret", "expires_in": "1"}')
        await post(function, batch())
        await asyncio.sleep(0.6)  # half of its life
        await post(function, batch())
        assert len(server.token_requests) == 2


async def test_a_token_that_fcm_refuses_is_not_kept_and_the_message_not_sent_again(tmp_path):
    async with dispatching(tmp_path) as (server, dispatcher):
        server.answer = lambda _: Reply(401, b"{}")
        refused = await dispatcher.send(message(), timeout=60)
        assert isinstance(refused, Refused)
        assert refused.disposition is Disposition.HALT
        assert server.opened == 1
        server.answer = lambda _: Reply()
        assert await dispatcher.send(message(), timeout=60) == Accepted(NAME)
        assert server.requests[-1].headers["authorization"] == "Bearer ya29.secret-2"


@pytest.mark.parametrize(
    ("reply", "word"),
    [
        (Reply(400, b'{"error": "invalid_grant"}'), "credentials_rejected"),
        (Reply(401, b"<html>"), "token_unavailable"),
        (Reply(400, b'{"error": "temporarily_unavailable"}'), "token_unavailable"),
        (Reply(503, b"{}"), "token_unavailable"),
        (Reply(429, b"{}"), "token_unavailable"),
        (Reply(302, headers={"location": "/other"}), "token_unavailable"),
        (Reply(200, b'{"access_token": "two\\nlines", "expires_in": 3600}'), "token_unavailable"),
        (Reply(200, b'{"access_token": "x", "expires_in": "soon"}'), "token_unavailable"),
        (Reply(200, b"null"), "token_unavailable"),
        (CLOSE, "token_unavailable"),
    ],
)
async def test_without_a_token_nothing_is_sent_and_the_reason_is_given(tmp_path, reply, word):
    async with running(tmp_path) as (server, function):
        server.token_answer = lambda _: reply
        assert (await post(function, batch(3))).json() == {"refused": word}
        assert server.opened == 0
        server.token_answer = lambda _: access_token(1)
        assert len((await post(function, batch(3))).json()["results"]) == 3


async def test_a_token_endpoint_that_hangs_does_not_delay_a_batch_beyond_its_deadline(tmp_path):
    async with running(tmp_path) as (server, function):
        server.token_answer = lambda _: HANG
        assert (await post(function, batch(timeout_ms=200))).json() == {"refused": "token_unavailable"}


@pytest.mark.parametrize(
    ("account", "fault"),
    [
        ("", CredentialsMissing),
        ("{", CredentialsMissing),
        ('{"type": "service_account"}', CredentialsMissing),
        ({"private_key": 7}, CredentialsRejected),
        ({"token_uri": "https://tokens.example/token"}, CredentialsRejected),
        ({"token_uri": "http://oauth2.googleapis.com/token"}, CredentialsRejected),
        ({"private_key": "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"}, CredentialsRejected),
    ],
)
async def test_a_function_without_a_usable_service_account_says_so_before_anything_is_claimed(tmp_path, account, fault):
    async with serving(tmp_path) as server:
        if isinstance(account, dict):
            account = service_account(server, **account).read_text()
        async with started(before_server(server, FCM_SERVICE_ACCOUNT=account)) as function:
            dispatcher = SupabaseFunctionDispatcher(function.url, KEY, function="push")
            with pytest.raises(fault, match="FCM_SERVICE_ACCOUNT"):
                await dispatcher.open()
        assert server.token_requests == []


async def test_opening_reports_that_google_gives_no_token_at_present(tmp_path):
    async with running(tmp_path) as (server, function):
        server.token_answer = lambda _: Reply(503)
        with pytest.raises(ProviderUnreachable, match="token_unavailable"):
            await SupabaseFunctionDispatcher(function.url, KEY, function="push").open()


JWT = "eyJhbGciOiJIUzI1NiJ9.eyJyb2xlIjoic2VydmljZV9yb2xlIn0.signature"


async def test_every_secret_key_of_the_project_is_taken_and_no_other(tmp_path):
    named = json.dumps({"default": "sb_secret_new", "other": "sb_secret_other", "none": None})
    keys = {"SUPABASE_SECRET_KEY": "", "SUPABASE_SECRET_KEYS": named, "SUPABASE_SERVICE_ROLE_KEY": JWT}
    async with running(tmp_path, **keys) as (server, function):
        for key in ("sb_secret_new", "sb_secret_other", JWT):
            assert (await post(function, batch(0), key=key)).status_code == 200
        for key in (None, "", "sb_secret_ne", "sb_secret_new2", "None", "null", "undefined", JWT[:-1], "x" * 9_000):
            assert (await post(function, batch(), key=key)).status_code == 401, key
        assert server.opened == 0


async def test_a_function_without_a_key_serves_nobody(tmp_path):
    async with running(tmp_path, SUPABASE_SECRET_KEY="", SUPABASE_SECRET_KEYS="{") as (_, function):
        for key in (None, "", "undefined"):
            assert (await post(function, batch(), key=key)).status_code == 401


def changed(**changes: Any) -> dict[str, Any]:
    content = batch(2)
    content["messages"][1] |= changes
    return content


def pushing(**message: Any) -> dict[str, Any]:
    return changed(message={"token": "token-canary"} | message)


INVALID: dict[str, tuple[Any, str]] = {
    "no json": (b"{", "the request is not JSON"),
    "no utf-8": (b'{"version": "\xff"}', "the request is not JSON"),
    "a list": ([], "the request: not an object"),
    "an unknown key": (batch(more=1), "the request: has an unknown key"),
    "another version": (batch(version=2), "version: this function supports version 1"),
    "no time": (batch(timeout_ms=0), "timeout_ms"),
    "half a millisecond": (batch(timeout_ms=0.5), "timeout_ms"),
    "a day": (batch(timeout_ms=86_400_000), "timeout_ms"),
    "a text for a time": (batch(timeout_ms="1000"), "timeout_ms"),
    "neither a check nor none": (batch(validate_only=None), "validate_only"),
    "no messages": (batch(messages=None), "messages: not a list"),
    "too many": (batch(101), "messages: more than 100"),
    "an invalid message": (batch(messages=["x"]), r"messages[0]: not an object"),
    "no claim": (changed(claim_id="1"), "messages[1].claim_id"),
    "no key": (changed(idempotency_key="5D" * 32), "messages[1].idempotency_key"),
    "its own device": (changed(device="x"), "messages[1]: has an unknown key"),
    "a push to everybody": (changed(message={"topic": "all"}), "messages[1].message: has an unknown key"),
    "everybody beside one": (pushing(condition="'a' in topics"), "messages[1].message: has an unknown key"),
    "no target": (changed(message={"notification": {}}), "messages[1].message: needs either"),
    "two targets": (pushing(fid="x"), "messages[1].message: needs either"),
    "a number for a token": (pushing(token=7), "messages[1].message: token or fid"),
    "a number in the data": (pushing(data={"points": 7}), "messages[1].message.data"),
}  # fmt: skip


async def test_one_mistake_in_a_batch_refuses_it_whole_and_the_answer_quotes_nothing_of_it(tmp_path):
    async with running(tmp_path) as (server, function):
        for what, (content, words) in INVALID.items():
            answer = await post(function, content)
            assert answer.status_code == 400, what
            assert words in answer.json()["error"], what
            assert "canary" not in answer.text
        assert (server.opened, server.token_requests) == (0, [])


async def test_a_request_that_is_too_large_or_not_a_post_is_refused(tmp_path):
    async with running(tmp_path) as (_, function):
        assert (await post(function, b" " * 2_100_000)).status_code == 413
        async with httpx.AsyncClient(trust_env=False) as http:
            assert (await http.get(function.url, headers={"apikey": KEY})).status_code == 405


async def test_the_function_writes_no_key_token_or_text_anywhere(tmp_path):
    async with running(tmp_path) as (server, function):
        said = [
            (await post(function, content)).text
            for reply in (Reply(), Reply(400, b'{"error": {"message": "no"}}'), Reply(500), CLOSE, CUT)
            for content in (batch(3), batch(timeout_ms=-1))
            for server.answer in [lambda _, reply=reply: reply]
        ]
        said += [(await post(function, batch(), key="wrong-canary")).text, function.said()]
    assert not {"canary", "ya29", "PRIVATE"} & {word for word in ("canary", "ya29", "PRIVATE") if word in str(said)}
