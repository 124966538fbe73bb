"""The Edge Function dispatcher over real connections: what is sent, when, and the outcome that
each answer gives each message."""

import asyncio
import gzip
import json
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider

from contract.fcm_server import CLOSE, CUT, HANG, RESET, Reply, Request, Server, message, serving
from rekindle.dispatchers.supabase_function import call
from rekindle.dispatchers.supabase_function.dispatcher import SupabaseFunctionDispatcher
from rekindle.errors import (
    BadArgument,
    CredentialsMissing,
    CredentialsRejected,
    Disposition,
    FunctionMissing,
    ProviderError,
    ProviderUnreachable,
    RequestRejected,
)
from rekindle.model import Accepted, Outcome, Refused, Uncertain
from rekindle.telemetry.spans import span, trace_ids

KEY = "sb_secret_canary"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJyb2xlIjoic2VydmljZV9yb2xlIn0.canary-signature"
NAME = "projects/programme-1/messages/0:1"


@asynccontextmanager
async def functioning(
    folder: Path, *, key: str = KEY, batch: int = 50
) -> AsyncIterator[tuple[Server, SupabaseFunctionDispatcher]]:
    """A server in place of the project's functions, and an open dispatcher."""
    async with serving(folder, protocol="http/1.1", tls=False) as server:
        server.answer = relaying()
        dispatcher = SupabaseFunctionDispatcher(server.url, key, function="push", batch=batch)
        await dispatcher.open()
        server.requests.clear()
        server.arrived.clear()
        try:
            yield server, dispatcher
        finally:
            await dispatcher.close()


def relaying(change: Callable[[list[dict[str, Any]]], object] = lambda results: results) -> Callable[[Request], Reply]:
    """A function that reports every message as accepted by FCM; `change` is its mistake."""

    def answer(request: Request) -> Reply:
        results = [
            {"index": index, "claim_id": one["claim_id"], "status": 200, "body": json.dumps({"name": NAME})}
            for index, one in enumerate(json.loads(request.body)["messages"])
        ]
        return Reply(body=json.dumps({"results": change(results)}).encode())

    return answer


async def send(dispatcher: SupabaseFunctionDispatcher, count: int = 3, timeout: float = 10) -> list[Outcome]:
    return await asyncio.gather(*(dispatcher.send(message(), timeout=timeout) for _ in range(count)))


async def test_messages_of_one_moment_leave_together_in_requests_of_the_size_that_was_asked_for(tmp_path):
    async with functioning(tmp_path, batch=4) as (server, dispatcher):
        assert await send(dispatcher, 10) == [Accepted(NAME)] * 10
    assert sorted(len(json.loads(one.body)["messages"]) for one in server.requests) == [2, 4, 4]


async def test_a_request_names_its_claims_and_its_remaining_time(tmp_path):
    async with functioning(tmp_path) as (server, dispatcher):
        sent = message(target_kind="fid", target="fid-1")
        await dispatcher.send(sent, timeout=4)
    [request] = server.requests
    assert request.path == "/functions/v1/push"
    content = json.loads(request.body)
    assert (content["version"], content["validate_only"]) == (1, False)
    assert 3_000 < content["timeout_ms"] <= 3_600
    [one] = content["messages"]
    assert (one["claim_id"], one["idempotency_key"]) == (str(sent.claim_id), sent.idempotency_key)
    assert one["message"]["fid"] == "fid-1"
    assert one["message"]["notification"] == {"title": sent.title, "body": sent.body}


async def test_a_request_is_part_of_the_trace_of_its_run(tmp_path, monkeypatch):
    async with functioning(tmp_path) as (server, dispatcher):
        await dispatcher.send(message(), timeout=4)
        provider = TracerProvider(shutdown_on_exit=False)
        monkeypatch.setattr(trace, "get_tracer_provider", lambda: provider)
        with span("dispatch"):
            ids = trace_ids()
            await dispatcher.send(message(), timeout=4)
    without, within = [request.headers.get("traceparent") for request in server.requests]
    assert without is None
    assert within[:-2] == f"00-{ids['trace_id']}-{ids['span_id']}-"


async def test_a_time_limit_above_the_functions_maximum_is_cut_to_it(tmp_path):
    async with functioning(tmp_path) as (server, dispatcher):
        await dispatcher.send(message(), timeout=3_600)
    [request] = server.requests
    assert json.loads(request.body)["timeout_ms"] == 119_500


async def test_opening_again_during_another_cycles_sends_cuts_nothing(tmp_path):
    async with functioning(tmp_path) as (server, dispatcher):
        answer = relaying()
        server.answer = lambda request: HANG if json.loads(request.body)["messages"] else answer(request)
        sending = asyncio.create_task(dispatcher.send(message(), timeout=4))
        await server.arrived.wait()
        await asyncio.gather(dispatcher.open(), dispatcher.open())
        server.answer = answer
        assert await send(dispatcher, 2) == [Accepted(NAME)] * 2
        assert await sending == Uncertain("timeout")


async def test_a_dry_run_is_a_separate_request_and_accepts_the_fake_name(tmp_path):
    fake = {"status": 200, "body": '{"name": "projects/p/messages/fake_message_id"}'}
    async with functioning(tmp_path) as (server, dispatcher):
        server.answer = relaying(lambda results: [one | fake for one in results])
        checked, sent = await asyncio.gather(
            dispatcher.validate(message(), timeout=60), dispatcher.send(message(), timeout=60)
        )
    assert isinstance(checked, Accepted)
    assert sent == Refused(Disposition.DROP, "validated_only")
    assert sorted(json.loads(one.body)["validate_only"] for one in server.requests) == [False, True]


@pytest.mark.parametrize(("key", "authorization"), [(KEY, None), (JWT, f"Bearer {JWT}")])
async def test_the_key_is_always_apikey_and_a_bearer_only_when_it_is_a_jwt(tmp_path, key, authorization):
    async with functioning(tmp_path, key=key) as (server, dispatcher):
        await send(dispatcher, 1)
    [request] = server.requests
    assert request.headers["apikey"] == key
    assert request.headers.get("authorization") == authorization


HALTS = {
    401: ("key_rejected", "RK402"),
    404: ("function_missing", "RK407"),
    400: ("request_rejected", "RK408"),
    403: ("request_rejected", "RK408"),
    413: ("request_rejected", "RK408"),
}


@pytest.mark.parametrize("status", HALTS)
async def test_an_answer_that_proves_that_nothing_is_or_will_be_sent_stops_the_run(tmp_path, status):
    async with functioning(tmp_path) as (server, dispatcher):
        server.answer = lambda _: Reply(status, b'{"error": "no"}')
        for outcome in await send(dispatcher):
            assert isinstance(outcome, Refused)
            assert (outcome.reason, outcome.error_code) == HALTS[status]
            assert outcome.disposition is Disposition.HALT
            assert outcome.hint
    assert len(server.requests) == 1


async def test_too_many_requests_are_tried_again_when_the_answer_says(tmp_path):
    async with functioning(tmp_path) as (server, dispatcher):
        server.answer = lambda _: Reply(429, headers={"retry-after": "17"})
        assert await send(dispatcher) == [Refused(Disposition.RETRY, "quota_exceeded", retry_after=17.0)] * 3


PROVES_NOTHING: dict[str, tuple[Reply | str, str]] = {
    "504": (Reply(504, b"<html>"), "function_timeout"),
    "546": (Reply(546, b'{"code": "WORKER_LIMIT"}'), "function_killed"),
    "500": (Reply(500), "function_failed"),
    "503 of a function that does not boot": (Reply(503, b'{"code": "BOOT_ERROR"}'), "function_failed"),
    "an error of the relay": (Reply(200, b"lost", {"x-relay-error": "true"}), "function_failed"),
    "408": (Reply(408), "garbled_answer"),
    "a redirect": (Reply(307, headers={"location": "/functions/v1/other"}), "garbled_answer"),
    "201": (Reply(201), "garbled_answer"),
    "no content": (Reply(204), "garbled_answer"),
    "html": (Reply(body=b"<!DOCTYPE html>"), "garbled_answer"),
    "a list": (Reply(body=b"[]"), "garbled_answer"),
    "another word": (Reply(body=b'{"refused": "today"}'), "garbled_answer"),
    "invalid results": (Reply(body=b'{"results": 3}'), "missing_result"),
    "no results": (Reply(body=b'{"results": []}'), "missing_result"),
    "deep": (Reply(body=b"[" * 1_000_000), "garbled_answer"),
    "deep with an error": (Reply(500, b"[" * 1_000_000), "garbled_answer"),
    "not utf-8": (Reply(body=b'{"results": "\xff"}'), "garbled_answer"),
    "too large": (Reply(body=b" " * 3_000_000 + b'{"results": []}'), "garbled_answer"),
    "compressed": (Reply(body=gzip.compress(b" " * 9_000_000), headers={"content-encoding": "gzip"}), "garbled_answer"),
    "half of it": (CUT, "garbled_answer"),
    "a closed connection": (CLOSE, "connection_lost"),
    "a reset": (RESET, "connection_lost"),
}


@pytest.mark.parametrize("what", PROVES_NOTHING)
async def test_an_unclear_answer_leaves_the_whole_batch_uncertain_and_sends_nothing_again(tmp_path, what):
    reply, reason = PROVES_NOTHING[what]
    async with functioning(tmp_path) as (server, dispatcher):
        server.answer = lambda _: reply
        assert await send(dispatcher) == [Uncertain(reason)] * 3
    assert len(server.requests) == 1


def first(results: list[dict[str, Any]], **changes: Any) -> list[dict[str, Any]]:
    return [results[0] | changes, *results[1:]]


HALF_ANSWERS: dict[str, tuple[Callable[[list[dict[str, Any]]], object], list[str]]] = {
    "the last is missing": (lambda results: results[:2], ["", "", "missing_result"]),
    "one in the middle is missing": (lambda results: [results[0], results[2]], ["", "missing_result", ""]),
    "another order": (lambda results: results[::-1], ["", "", ""]),
    "one twice": (lambda results: [*results, results[1]], ["", "garbled_answer", ""]),
    "one too many": (lambda results: [*results, results[2] | {"index": 3}], ["", "", ""]),
    "not an object": (lambda results: [results[0], "sent", None], ["", "missing_result", "missing_result"]),
    "an invalid index": (
        lambda results: [results[0], results[1] | {"index": True}, results[2] | {"index": "2"}],
        ["", "missing_result", "missing_result"],
    ),
    "a claim of another": (
        lambda results: [results[0] | {"claim_id": results[1]["claim_id"]}, *results[1:]],
        ["garbled_answer", "", ""],
    ),
    "two fates at once": (lambda results: first(results, not_sent="no_time"), ["garbled_answer", "", ""]),
    "an invalid status": (lambda results: first(results, status="200"), ["garbled_answer", "", ""]),
    "a body that is not text": (lambda results: first(results, body={}), ["garbled_answer", "", ""]),
    "an invalid name": (lambda results: first(results, body="{}"), ["garbled_answer", "", ""]),
}


@pytest.mark.parametrize("what", HALF_ANSWERS)
async def test_exactly_the_messages_without_a_proper_result_are_uncertain(tmp_path, what):
    change, reasons = HALF_ANSWERS[what]
    async with functioning(tmp_path) as (server, dispatcher):
        server.answer = relaying(change)
        assert await send(dispatcher) == [Uncertain(reason) if reason else Accepted(NAME) for reason in reasons]


@pytest.mark.parametrize(
    ("fate", "outcome"),
    [
        ({"not_sent": "no_time"}, Refused(Disposition.RETRY, "no_time")),
        ({"not_sent": "connect_failed"}, Refused(Disposition.RETRY, "connect_failed")),
        ({"not_sent": "stream_refused"}, Refused(Disposition.RETRY, "stream_refused")),
        ({"not_sent": "a feeling"}, Uncertain("garbled_answer")),
        ({"uncertain": "timeout"}, Uncertain("timeout")),
        ({"uncertain": "connection_lost"}, Uncertain("connection_lost")),
        ({"uncertain": ["x"]}, Uncertain("garbled_answer")),
        ({"status": 503, "body": ""}, Uncertain("unavailable")),
        ({"status": 404, "body": ""}, Refused(Disposition.DROP, "not_found")),
        ({"status": 429, "body": "\ud800", "retry_after": "90"}, Refused(Disposition.RETRY, "quota_exceeded", 90.0)),
        ({}, Uncertain("garbled_answer")),
    ],
)
async def test_each_result_of_a_message_means_what_the_reference_says(tmp_path, fate, outcome):
    async with functioning(tmp_path) as (server, dispatcher):
        server.answer = relaying(
            lambda results: [{"index": 0, "claim_id": results[0]["claim_id"], **fate}, *results[1:]]
        )
        assert await send(dispatcher) == [outcome, Accepted(NAME), Accepted(NAME)]


async def test_a_function_without_a_token_has_certainly_sent_nothing(tmp_path):
    async with functioning(tmp_path) as (server, dispatcher):
        server.answer = lambda _: Reply(body=b'{"refused": "token_unavailable"}')
        assert await send(dispatcher) == [Refused(Disposition.RETRY, "token_unavailable")] * 3
        server.answer = lambda _: Reply(body=b'{"refused": "credentials_rejected"}')
        for outcome in await send(dispatcher):
            assert isinstance(outcome, Refused)
            assert (outcome.disposition, outcome.error_code) == (Disposition.HALT, "RK402")


async def test_a_function_that_does_not_answer_is_abandoned_at_the_deadline(tmp_path):
    async with functioning(tmp_path) as (server, dispatcher):
        server.answer = lambda _: HANG
        began = time.monotonic()
        assert await send(dispatcher, timeout=3) == [Uncertain("timeout")] * 3
        assert 2.5 < time.monotonic() - began < 60


async def test_if_nothing_listens_the_batch_was_not_sent(tmp_path):
    async with functioning(tmp_path) as (server, dispatcher):
        await server.stop()
        assert await send(dispatcher) == [Refused(Disposition.RETRY, "connect_failed")] * 3


async def test_a_process_that_was_stopped_sends_nothing_after_its_deadline(tmp_path):
    async with functioning(tmp_path) as (server, dispatcher):
        sending = asyncio.gather(*(dispatcher.send(message(), timeout=0.5) for _ in range(3)))
        await asyncio.sleep(0)  # the messages are gathered
        time.sleep(0.6)  # the process is blocked, as if it were stopped
        outcomes = await sending
        assert {type(outcome) for outcome in outcomes} == {Refused}
    assert server.requests == []


async def test_no_part_of_a_batch_leaves_after_its_deadline():
    passage = call._Passage(httpx.AsyncHTTPTransport(), until=0)
    body = call._Body(passage, b"x" * 40_000, until=time.monotonic() + 60)
    pieces = aiter(body)
    assert await anext(pieces)
    assert passage.left
    body._until = time.monotonic()
    with pytest.raises(call._Withheld):
        await anext(pieces)


async def test_a_message_whose_sender_has_gone_is_not_in_the_request(tmp_path):
    async with functioning(tmp_path) as (server, dispatcher):
        going = asyncio.create_task(dispatcher.send(message(), timeout=60))
        staying = asyncio.create_task(dispatcher.send(message(target="stays"), timeout=60))
        await asyncio.sleep(0)
        going.cancel()
        assert await staying == Accepted(NAME)
    [request] = server.requests
    assert [one["message"]["token"] for one in json.loads(request.body)["messages"]] == ["stays"]


async def test_closing_leaves_what_is_under_way_uncertain_and_sends_nothing_more(tmp_path):
    async with functioning(tmp_path) as (server, dispatcher):
        server.answer = lambda _: HANG
        sending = asyncio.create_task(send(dispatcher))
        await server.arrived.wait()
        await dispatcher.close()
        assert await sending == [Uncertain("connection_lost")] * 3
        assert await send(dispatcher) == [Refused(Disposition.RETRY, "not_open")] * 3


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"body": "x" * 4_096}, "too_large"),
        ({"title": "\ud800"}, "not_encodable"),
        ({"target": "x" * 20_000}, "too_large"),
    ],
)
async def test_one_message_that_cannot_be_sent_does_not_keep_the_others(tmp_path, changes, reason):
    async with functioning(tmp_path) as (_, dispatcher):
        outcomes = await asyncio.gather(
            dispatcher.send(message(**changes), timeout=60), dispatcher.send(message(), timeout=60)
        )
    assert outcomes == [Refused(Disposition.DROP, reason), Accepted(NAME)]


OPENINGS: dict[str, tuple[Reply | str, type[ProviderError], str]] = {
    "a wrong key": (Reply(401), CredentialsRejected, "SUPABASE_SECRET_KEY"),
    "no such function": (Reply(404), FunctionMissing, "supabase functions deploy"),
    "another protocol": (Reply(400), RequestRejected, "this release"),
    **{
        word: (Reply(body=json.dumps({"refused": word}).encode()), kind, said)
        for word, kind, said in (
            ("credentials_missing", CredentialsMissing, "FCM_SERVICE_ACCOUNT of the Edge Function is not set"),
            ("credentials_not_json", CredentialsMissing, "is not JSON"),
            ("credentials_incomplete", CredentialsMissing, "has no project_id"),
            ("private_key_missing", CredentialsRejected, "has no private_key"),
            ("private_key_unreadable", CredentialsRejected, "cannot be read"),
            ("token_uri_not_google", CredentialsRejected, "token_uri"),
            ("fcm_url_not_https", CredentialsRejected, "FCM_URL"),
            ("credentials_rejected", CredentialsRejected, "deleted"),
        )
    },
    "no token just now": (Reply(body=b'{"refused":"token_unavailable"}'), ProviderUnreachable, "later"),
    "a function that fails": (Reply(500), ProviderUnreachable, "log"),
    "nonsense": (Reply(body=b"hello"), ProviderUnreachable, "garbled_answer"),
    "results for nothing": (Reply(body=b'{"results": [{"index": 0}]}'), ProviderUnreachable, "garbled_answer"),
    "a lost connection": (CLOSE, ProviderUnreachable, "connection_lost"),
}


@pytest.mark.parametrize("what", OPENINGS)
async def test_opening_reports_in_one_line_what_is_wrong_with_the_function(tmp_path, what):
    reply, kind, words = OPENINGS[what]
    async with serving(tmp_path, protocol="http/1.1", tls=False) as server:
        server.answer = lambda _: reply
        dispatcher = SupabaseFunctionDispatcher(server.url, KEY, function="push")
        with pytest.raises(kind) as fault:
            await dispatcher.open()
        assert words in str(fault.value)
        assert KEY not in str(fault.value)
        assert await send(dispatcher) == [Refused(Disposition.RETRY, "not_open")] * 3


async def test_opening_without_an_address_or_a_key_names_the_variable(tmp_path):
    with pytest.raises(CredentialsMissing, match="SUPABASE_URL is not set"):
        await SupabaseFunctionDispatcher(None, KEY, function="push").open()
    with pytest.raises(CredentialsMissing, match="SUPABASE_SECRET_KEY is not set"):
        await SupabaseFunctionDispatcher("https://x.supabase.co", None, function="push").open()
    with pytest.raises(CredentialsRejected, match="not a valid key"):
        await SupabaseFunctionDispatcher("https://x.supabase.co", "two\nlines", function="push").open()
    with pytest.raises(ProviderUnreachable, match="nothing answers"):
        await SupabaseFunctionDispatcher("http://127.0.0.1:1", KEY, function="push").open()


@pytest.mark.parametrize(
    "url", ["http://x.supabase.co", "ftp://127.0.0.1", "https://", "https://u:p@x.co", "https://["]
)
def test_a_key_is_sent_over_tls_or_to_this_machine_alone(url):
    with pytest.raises(BadArgument, match="SUPABASE_URL"):
        SupabaseFunctionDispatcher(url, KEY, function="push")


async def test_no_proxy_of_the_environment_gets_the_key(tmp_path, monkeypatch):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    async with functioning(tmp_path) as (_, dispatcher):
        assert await send(dispatcher, 1) == [Accepted(NAME)]


async def test_no_key_token_or_text_is_in_a_log_or_a_repr(tmp_path, caplog, capsys):
    caplog.set_level(logging.DEBUG)
    for reply, _ in PROVES_NOTHING.values():
        async with functioning(tmp_path, key=JWT) as (server, dispatcher):
            server.answer = lambda _, reply=reply: reply
            outcomes = await send(dispatcher)
    said = f"{outcomes} {dispatcher!r} {caplog.text} {capsys.readouterr()}"
    assert "function.uncertain" in said
    assert "canary" not in said
