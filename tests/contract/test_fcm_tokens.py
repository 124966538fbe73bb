"""Access tokens: one request for all sends that need one, before it expires, again after a 401,
and never in a log."""

import asyncio
import json
import logging
import time
from datetime import UTC, datetime
from urllib.parse import parse_qs

import pytest
from google.auth import jwt

from contract.fcm_server import (
    HANG,
    PROJECT,
    Reply,
    access_token,
    as_reply,
    certificates,
    dispatching,
    error_cases,
    message,
    private_key,
    service_account,
    serving,
)
from rekindle.dispatchers.fcm.dispatcher import FcmDispatcher
from rekindle.dispatchers.fcm.google_auth import LEAST_LIFE_SECONDS
from rekindle.errors import CredentialsRejected, Disposition, ProviderUnreachable
from rekindle.model import Accepted, Refused, Uncertain

UNAUTHENTICATED = [case for case in error_cases() if case["expected_code"] == "UNAUTHENTICATED"]
HALT = Refused(Disposition.HALT, "unauthenticated", error_code="RK402")
REFUSED = Reply(401, b'{"error": {"status": "UNAUTHENTICATED"}}')


def dispatcher_for(server, **changes):
    credentials = service_account(server, **changes)
    return FcmDispatcher(credentials, url=server.url, ca=certificates(server.folder) / "ca.pem")


def issuer(request):
    (assertion,) = parse_qs(request.body.decode())["assertion"]
    return jwt.decode(assertion, verify=False)["iss"]


def token_living(seconds):
    return lambda _: Reply(body=json.dumps({"access_token": "ya29.short", "expires_in": seconds}).encode())


async def test_the_assertion_is_signed_by_the_key_and_asks_for_messaging_only(tmp_path):
    async with serving(tmp_path) as server, dispatching(server):
        (request,) = server.token_requests
    form = parse_qs(request.body.decode())
    assert form["grant_type"] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"]
    claims = jwt.decode(form["assertion"][0], verify=False)
    assert claims["iss"] == f"push@{PROJECT}.iam.gserviceaccount.com"
    assert claims["scope"] == "https://www.googleapis.com/auth/firebase.messaging"


@pytest.mark.parametrize("case", UNAUTHENTICATED, ids=lambda case: case["id"])
async def test_a_refused_token_is_fetched_anew_once_and_the_message_sent_once_more(tmp_path, case):
    async with serving(tmp_path) as server, dispatching(server) as dispatcher:
        refused = as_reply(case, datetime.now(UTC))
        server.answer = lambda request: refused if request.headers["authorization"].endswith("-1") else Reply()
        assert isinstance(await dispatcher.send(message(), timeout=60), Accepted)
    assert [request.headers["authorization"] for request in server.requests] == [
        "Bearer ya29.secret-1",
        "Bearer ya29.secret-2",
    ]
    assert server.requests[0].body == server.requests[1].body
    assert len(server.token_requests) == 2


async def test_a_second_refusal_stops_the_run(tmp_path):
    async with serving(tmp_path) as server, dispatching(server) as dispatcher:
        server.answer = lambda _: REFUSED
        assert await dispatcher.send(message(), timeout=60) == HALT
    assert len(server.requests) == 2
    assert len(server.token_requests) == 2


async def test_a_wrong_apns_key_of_the_project_fetches_no_token(tmp_path):
    case = next(case for case in error_cases() if case["id"] == "third_party_auth")
    async with serving(tmp_path) as server, dispatching(server) as dispatcher:
        server.answer = lambda _: as_reply(case, datetime.now(UTC))
        assert await dispatcher.send(message(), timeout=60) == Refused(Disposition.RETRY, "third_party_auth")
    assert len(server.requests) == 1
    assert len(server.token_requests) == 1


async def test_fifty_messages_refused_at_once_fetch_one_token(tmp_path):
    async with serving(tmp_path) as server, dispatching(server) as dispatcher:
        server.answer = lambda request: REFUSED if request.headers["authorization"].endswith("-1") else Reply()
        outcomes = await asyncio.gather(*(dispatcher.send(message(), timeout=60) for _ in range(50)))
        assert all(isinstance(outcome, Accepted) for outcome in outcomes)
        assert len(server.token_requests) == 2
        assert len(server.requests) <= 100


async def test_fifty_messages_that_find_an_expired_token_wait_for_one_new_one(tmp_path):
    async with serving(tmp_path) as server:
        server.token_answer = token_living(0)
        async with dispatching(server) as dispatcher:
            server.token_answer = lambda _: access_token(2)
            server.token_gate.clear()
            sending = [asyncio.create_task(dispatcher.send(message(), timeout=60)) for _ in range(50)]
            while len(server.token_requests) < 2:
                await asyncio.sleep(0)
            assert server.requests == []
            server.token_gate.set()
            outcomes = await asyncio.gather(*sending)
        assert all(isinstance(outcome, Accepted) for outcome in outcomes)
        assert len(server.token_requests) == 2


async def test_a_token_near_its_end_is_replaced_while_messages_go_on_with_it(tmp_path):
    async with serving(tmp_path) as server:
        server.token_answer = token_living(40)  # beyond half its life below 20 s, unusable below 15 s
        async with dispatching(server) as dispatcher:
            tokens = dispatcher._tokens
            held = tokens._token
            tokens._token = type(held)(held.text, time.monotonic(), held.unusable_at)  # as if 20 s had passed
            server.token_answer = lambda _: access_token(2)
            server.token_gate.clear()
            for _ in range(3):  # the endpoint does not answer, and no send waits for it
                assert isinstance(await dispatcher.send(message(), timeout=60), Accepted)
            server.token_gate.set()
            while tokens._token.text == "ya29.short":
                await asyncio.sleep(0)
            await dispatcher.send(message(), timeout=60)
        assert [request.headers["authorization"] for request in server.requests] == [
            *["Bearer ya29.short"] * 3,
            "Bearer ya29.secret-2",
        ]
        assert len(server.token_requests) == 2


async def test_without_a_token_in_time_nothing_is_sent(tmp_path):
    async with serving(tmp_path) as server:
        server.token_answer = token_living(0)
        async with dispatching(server) as dispatcher:
            server.token_gate.clear()
            outcome = await dispatcher.send(message(), timeout=0.2)
            assert outcome == Refused(Disposition.RETRY, "token_unavailable")
            assert server.requests == []
            server.token_gate.set()


async def test_a_key_that_is_withdrawn_in_the_middle_stops_the_run(tmp_path):
    async with serving(tmp_path) as server, dispatching(server) as dispatcher:
        server.answer = lambda _: REFUSED
        server.token_answer = lambda _: Reply(400, b'{"error": "invalid_grant"}')
        assert await dispatcher.send(message(), timeout=60) == HALT
        assert len(server.requests) == 1


_GRANT = b'{"error": "invalid_grant", "error_description": "Invalid JWT: canary"}'
_SPLIT = b'{"access_token": "canary\\nX-Header: 1", "expires_in": 3599}'
_SOON = b'{"access_token": "t", "expires_in": "soon"}'


@pytest.mark.parametrize(
    ("reply", "kind", "says"),
    [
        (Reply(400, _GRANT), CredentialsRejected, "invalid_grant"),
        (Reply(401, b'{"error": "invalid_client"}'), CredentialsRejected, "invalid_client"),
        (Reply(403, b"<html>canary"), CredentialsRejected, "does not give"),
        (Reply(200, b"<html>canary"), ProviderUnreachable, "not valid"),
        (Reply(200, _SPLIT), ProviderUnreachable, "not valid"),
        (Reply(200, b'{"access_token": "", "expires_in": 3599}'), ProviderUnreachable, "not valid"),
        (Reply(200, b'{"access_token": "canary canary", "expires_in": 3599}'), ProviderUnreachable, "not valid"),
        (Reply(200, '{"access_token": "é", "expires_in": 3599}'.encode()), ProviderUnreachable, "not valid"),
        (Reply(200, b'{"access_token": 7, "expires_in": 3599}'), ProviderUnreachable, "not valid"),
        (Reply(200, _SOON), ProviderUnreachable, "not valid"),
        (Reply(200, b"{}"), CredentialsRejected, "does not give"),
        (Reply(503, b"<html>canary"), ProviderUnreachable, "endpoint fails"),
        ("reset", ProviderUnreachable, "does not answer"),
    ],
)
async def test_an_error_of_the_token_endpoint_becomes_one_line_without_quoting_it(tmp_path, reply, kind, says):
    async with serving(tmp_path) as server:
        server.token_answer = lambda _: reply
        dispatcher = dispatcher_for(server)
        with pytest.raises(kind) as raised:
            await dispatcher.open()
        assert says in str(raised.value)
        assert "canary" not in str(raised.value)
        assert "\n" not in str(raised.value)
        server.token_answer = lambda _: access_token(1)  # once the endpoint is repaired, it opens
        await dispatcher.open()
        await dispatcher.close()


async def test_a_life_given_as_text_is_taken_as_a_number(tmp_path):
    async with serving(tmp_path) as server:
        server.token_answer = token_living("3599")
        async with dispatching(server) as dispatcher:
            for _ in range(2):
                assert isinstance(await dispatcher.send(message(), timeout=60), Accepted)
        assert len(server.token_requests) == 1


async def test_an_assertion_is_not_sent_to_a_host_that_the_file_chose(tmp_path):
    async with serving(tmp_path) as server:
        dispatcher = dispatcher_for(server, token_uri=server.url.replace("127.0.0.1", "localhost") + "/token")
        with pytest.raises(CredentialsRejected):
            await dispatcher.open()
        assert server.token_requests == []


def workload_identity(folder, **changes):
    subject = folder / "subject"
    subject.write_text("subject-token")
    content = {
        "type": "external_account",
        "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q",
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "credential_source": {"file": str(subject)},
        "project_id": PROJECT,
    }
    path = folder / "workload.json"
    path.write_text(json.dumps(content | changes))
    return path


async def test_a_workload_identity_is_exchanged_for_a_token(tmp_path):
    async with serving(tmp_path) as server:
        credentials = workload_identity(tmp_path, token_url=f"{server.url}/v1/token")
        dispatcher = FcmDispatcher(credentials, url=server.url, ca=certificates(tmp_path) / "ca.pem")
        await dispatcher.open()
        assert isinstance(await dispatcher.send(message(), timeout=60), Accepted)
        await dispatcher.close()
        (request,) = server.token_requests
        assert parse_qs(request.body.decode())["subject_token"] == ["subject-token"]


async def test_an_address_that_the_library_derives_from_the_file_must_be_on_the_list_too(tmp_path):
    credentials = workload_identity(tmp_path, universe_domain="evil.invalid")
    with pytest.raises(CredentialsRejected):  # and not: evil.invalid does not answer
        await FcmDispatcher(credentials, url="https://fcm.googleapis.com").open()


async def test_no_secret_token_or_text_is_in_a_log_or_a_repr(tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    async with serving(tmp_path) as server, dispatching(server) as dispatcher:
        for reply in (Reply(), REFUSED, Reply(503, b"x"), "reset"):
            server.answer = lambda _, reply=reply: reply
            await dispatcher.send(message(), timeout=60)
        shown = [repr(vars(dispatcher)), repr(vars(dispatcher._tokens)), repr(vars(dispatcher._connections))]
    ours = [record.getMessage() for record in caplog.records if not record.name.startswith("hpack")]  # the server's
    written = " ".join([*ours, *shown])
    assert "fcm.uncertain" in written
    for canary in ("device-token-canary", "Title-canary", "Body-canary", "ya29.", "Bearer", private_key()[40:80]):
        assert canary not in written


async def test_a_dispatcher_that_is_opened_for_one_cycle_after_another_keeps_its_token_and_its_connections(tmp_path):
    async with serving(tmp_path) as server, dispatching(server, connections=2) as dispatcher:
        for _ in range(5):
            await dispatcher.open()
            assert isinstance(await dispatcher.send(message(), timeout=60), Accepted)
        assert len(server.token_requests) == 1
        assert server.connections == 1 + 2  # one to the token endpoint and one to FCM


async def test_cycles_at_once_share_one_opening_and_a_second_one_takes_nothing_from_the_first(tmp_path):
    async with serving(tmp_path) as server:
        dispatcher = dispatcher_for(server)
        await asyncio.gather(*(dispatcher.open() for _ in range(5)))
        assert len(server.token_requests) == 1
        server.answer = lambda _: HANG
        sending = asyncio.create_task(dispatcher.send(message(), timeout=60))
        await asyncio.wait_for(server.arrived.wait(), 60)
        await dispatcher.open()
        assert not sending.done()
        await dispatcher.close()
        assert await asyncio.wait_for(sending, 60) == Uncertain("connection_lost")


async def test_opening_again_reads_the_credentials_anew_once_the_token_nears_its_end(tmp_path):
    async with serving(tmp_path) as server:
        server.token_answer = token_living(LEAST_LIFE_SECONDS)  # too short to be used from the start
        credentials = service_account(server)
        dispatcher = FcmDispatcher(credentials, url=server.url, ca=certificates(tmp_path) / "ca.pem")
        await dispatcher.open()
        server.token_answer = lambda _: access_token(2)
        service_account(server, client_email="another@example.org").replace(credentials)  # as a mounted secret rotates
        await dispatcher.open()
        await dispatcher.close()
        assert [issuer(request) for request in server.token_requests] == [
            f"push@{PROJECT}.iam.gserviceaccount.com",
            "another@example.org",
        ]


async def test_a_token_endpoint_that_is_down_does_not_stop_a_cycle_while_the_token_in_hand_is_good(tmp_path, logged):
    async with serving(tmp_path) as server:
        server.token_answer = token_living(40)
        async with dispatching(server) as dispatcher:
            held = dispatcher._tokens._token
            dispatcher._tokens._token = type(held)(
                held.text, time.monotonic(), held.unusable_at
            )  # as if 20 s had passed
            server.token_answer = lambda _: Reply(503, b"")
            await dispatcher.open()
            assert isinstance(await dispatcher.send(message(), timeout=60), Accepted)
            assert len(server.token_requests) >= 2
    assert {one["event"] for one in logged} == {"google.token.fetched", "google.token.failed"}


async def test_a_token_that_was_refused_is_not_taken_into_the_next_cycle(tmp_path):
    async with serving(tmp_path) as server, dispatching(server) as dispatcher:
        server.answer = lambda _: REFUSED
        server.token_answer = lambda _: Reply(400, b'{"error": "invalid_grant"}')
        assert await dispatcher.send(message(), timeout=60) == HALT
        with pytest.raises(CredentialsRejected):
            await dispatcher.open()


async def test_opening_again_proves_again_that_fcm_answers(tmp_path):
    async with serving(tmp_path) as server:
        dispatcher = dispatcher_for(server)
        await dispatcher.open()
        await server.stop()
        with pytest.raises(ProviderUnreachable):
            await dispatcher.open()
        await dispatcher.close()
