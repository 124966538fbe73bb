"""Connections that fail. A request that certainly did not leave may be tried again; every other one
is uncertain. The server counts: one call of send is at most one request, whatever happens to it.
"""

import asyncio
import contextlib
import socket
import time

import pytest

from contract.fcm_server import (
    CLOSE,
    CUT,
    GO_AWAY,
    HANG,
    REFUSE_STREAM,
    RESET,
    Reply,
    certificates,
    dispatching,
    message,
    service_account,
    serving,
)
from rekindle.dispatchers.fcm.connections import Answer, Connections, _SingleBody, _Withdrawn
from rekindle.dispatchers.fcm.dispatcher import FcmDispatcher
from rekindle.errors import Disposition, ProviderUnreachable
from rekindle.model import Accepted, Refused, Uncertain

NOT_SENT = Refused(Disposition.RETRY, "connect_failed")


@contextlib.asynccontextmanager
async def connections(folder, number=1, *, trusted=True):
    opened = Connections(number, ca=(certificates(folder) / "ca.pem").read_bytes() if trusted else None)
    try:
        yield opened
    finally:
        await opened.close()


async def post(opened, url, timeout=60.0):
    return await opened.post(f"{url}/v1/send", bearer="t", content=b"{}", timeout=timeout)


@pytest.mark.parametrize(
    ("what", "outcome"),
    [
        (CLOSE, Uncertain("connection_lost")),
        (RESET, Uncertain("connection_lost")),
        (CUT, Uncertain("connection_lost")),
        (HANG, Uncertain("timeout")),
        (Reply(500, b""), Uncertain("internal")),
        (Reply(503, b""), Uncertain("unavailable")),
    ],
)
async def test_a_request_that_left_and_got_no_clear_answer_is_uncertain_and_was_made_once(tmp_path, what, outcome):
    async with serving(tmp_path) as server, dispatching(server) as dispatcher:
        server.answer = lambda _: what
        started = time.monotonic()
        assert await dispatcher.send(message(), timeout=3 if what is HANG else 90) == outcome
        assert time.monotonic() - started < 60
        assert server.opened == 1
        server.answer = lambda _: Reply()  # and the next message is sent
        assert isinstance(await dispatcher.send(message(), timeout=60), Accepted)
        assert server.opened == 2


@pytest.mark.parametrize("what", [REFUSE_STREAM, GO_AWAY])
async def test_a_stream_that_the_server_did_not_take_may_be_tried_again_but_not_by_the_client(tmp_path, what):
    async with serving(tmp_path) as server, dispatching(server, connections=1) as dispatcher:
        assert isinstance(await dispatcher.send(message(), timeout=60), Accepted)
        server.answer = lambda _: what
        assert await dispatcher.send(message(), timeout=60) == Refused(Disposition.RETRY, "stream_refused")
        assert server.opened == 2


@pytest.mark.parametrize("what", [CLOSE, RESET])
async def test_a_connection_that_dies_under_its_second_request_leaves_that_one_uncertain(tmp_path, what):
    async with serving(tmp_path) as server, dispatching(server, connections=1) as dispatcher:
        assert isinstance(await dispatcher.send(message(), timeout=60), Accepted)
        server.answer = lambda _: what
        assert await dispatcher.send(message(), timeout=60) == Uncertain("connection_lost")
        assert server.opened == 2


async def test_a_refused_connection_means_that_nothing_was_sent(tmp_path):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # bound, and not listening
        async with connections(tmp_path) as opened:
            assert await post(opened, f"https://127.0.0.1:{unused.getsockname()[1]}") == NOT_SENT


async def test_a_name_that_does_not_resolve_means_that_nothing_was_sent(tmp_path):
    async with connections(tmp_path) as opened:
        assert await post(opened, "https://fcm.invalid") == NOT_SENT


async def test_a_certificate_that_is_not_trusted_means_that_nothing_was_sent(tmp_path):
    async with serving(tmp_path) as server:
        async with connections(tmp_path, trusted=False) as opened:
            assert await post(opened, server.url) == NOT_SENT
        assert server.opened == 0


@pytest.mark.parametrize("speaks", [False, True])
async def test_a_server_that_never_finishes_the_handshake_means_that_nothing_was_sent(tmp_path, speaks):
    async def accept(reader, writer):
        if speaks:
            writer.close()  # closes the connection during it
        await reader.read()
        writer.close()

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    async with server, connections(tmp_path) as opened:
        url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        assert await post(opened, url, timeout=0.5) == NOT_SENT


async def test_a_host_that_swallows_connections_means_that_nothing_was_sent(tmp_path):
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(3):  # fill the queue: later connections are dropped silently
            queued = stack.enter_context(socket.socket())
            queued.setblocking(False)
            queued.connect_ex(listener.getsockname())
        async with connections(tmp_path) as opened:
            url = f"https://127.0.0.1:{listener.getsockname()[1]}"
            assert await post(opened, url, timeout=0.5) == NOT_SENT


async def test_a_message_that_waited_for_a_stream_until_its_deadline_is_not_sent_then_or_later(tmp_path):
    async with serving(tmp_path, streams=1) as server, connections(tmp_path) as opened:
        assert isinstance(await post(opened, server.url), Answer)  # the client has learned: one stream
        server.answer = lambda _: HANG
        server.arrived.clear()
        first = asyncio.create_task(post(opened, server.url, timeout=5))
        await asyncio.wait_for(server.arrived.wait(), 60)
        second, third = await asyncio.gather(
            post(opened, server.url, timeout=0.3), post(opened, server.url, timeout=0.3)
        )
        assert (second, third) == (NOT_SENT, NOT_SENT)
        assert len(server.requests) == 2
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        server.answer = lambda _: Reply()
        assert isinstance(await post(opened, server.url, timeout=60), Answer)  # once the first one's time is over
        assert len(server.requests) == 3  # and the abandoned message did not arrive later


async def test_a_cancelled_send_is_cancelled_at_once_and_harms_no_other(tmp_path):
    async with serving(tmp_path) as server, dispatching(server, connections=1) as dispatcher:
        server.answer = lambda _: HANG
        sending = asyncio.create_task(dispatcher.send(message(), timeout=60))
        await asyncio.wait_for(server.arrived.wait(), 60)
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        server.answer = lambda _: Reply()
        assert isinstance(await dispatcher.send(message(), timeout=60), Accepted)
        assert server.opened == 2


async def test_closing_ends_what_is_under_way_as_uncertain_and_sends_nothing_afterwards(tmp_path):
    async with serving(tmp_path) as server, dispatching(server) as dispatcher:
        server.answer = lambda _: HANG
        sending = asyncio.create_task(dispatcher.send(message(), timeout=60))
        await asyncio.wait_for(server.arrived.wait(), 60)
        await dispatcher.close()
        assert await asyncio.wait_for(sending, 60) == Uncertain("connection_lost")
        assert await dispatcher.send(message(), timeout=60) == Refused(Disposition.RETRY, "not_open")
        assert server.opened == 1


async def test_a_host_without_http2_is_detected_before_anything_is_sent(tmp_path):
    async with serving(tmp_path, protocol="http/1.1") as server:
        ca = certificates(tmp_path) / "ca.pem"
        dispatcher = FcmDispatcher(service_account(server), url=server.url, ca=ca)
        with pytest.raises(ProviderUnreachable, match=r"^RK403: FCM does not answer over TLS and HTTP/2"):
            await dispatcher.open()
        assert await dispatcher.send(message(), timeout=1) == Refused(Disposition.RETRY, "not_open")
        assert not any(request.body for request in server.requests)


async def test_no_time_left_means_that_nothing_is_sent(tmp_path):
    async with serving(tmp_path) as server, dispatching(server) as dispatcher:
        assert await dispatcher.send(message(), timeout=0) == Refused(Disposition.RETRY, "no_time")
        assert server.opened == 0


def test_a_body_that_is_read_after_its_deadline_never_leaves():
    # As in a process that was stopped between its request and the write; `make torture` stops real
    # ones.
    body = _SingleBody(b"a message", until=time.monotonic())
    with pytest.raises(_Withdrawn):
        next(body)
    assert body.withdraw()
    in_time = _SingleBody(b"a message", until=time.monotonic() + 60)
    assert next(in_time) == b"a message"
    assert not in_time.withdraw()
