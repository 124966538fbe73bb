"""The only code that uses the HTTP client. A request leaves once or not at all, within its time
limit, and the caller learns which.

pyreqwest's exception classes do not say this. It raises `ConnectError` for a refused connection
and also for a reset after the request has arrived. It raises `ConnectTimeoutError` also for an
answer that never came. Further, reqwest sends a request up to three times when a server answers
REFUSED_STREAM or GOAWAY, and pyreqwest has no switch against it. The solution for both is a body
that is a stream which can be taken once. reqwest cannot send such a request again, and until the
body is taken, no message has left. Cancelling a coroutine of pyreqwest does not stop its request:
the request continues until its timeout. Only withdrawing the body stops a message that still waits
for its turn. That timeout also fails in a process that was suspended: when the process resumes, the
client writes first and checks its clock later. So the body checks the clock itself before it can be
taken.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import Self

from pyreqwest.client import Client, ClientBuilder
from pyreqwest.exceptions import DetailedPyreqwestError, PyreqwestError

from rekindle.errors import Disposition
from rekindle.model import Refused, Uncertain

MAX_ANSWER_BYTES = 65_536
CONNECT_TIMEOUT_SECONDS = 5.0
# h2's words for the two errors after which, by RFC 9113 (8.7), the request was certainly not
# processed. h2 reports the second one only for streams above the last stream that the server took.
# If h2 changes the words, the send becomes Uncertain.
_REFUSED_STREAM = "stream error received: refused stream before processing any application logic"
_GOING_AWAY = "connection error received: not a result of an error"


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer, with its body cut at 64 kB."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


class _Withdrawn(Exception):
    """The client asked for the body too late: the stream is reset, and the request is never
    complete."""


class _SingleBody:
    """A body that can be taken once, before `until` (a reading of `time.monotonic`), or withdrawn.

    The client's thread takes it and the event loop withdraws it; `list.pop` decides which of them
    is first.
    """

    __slots__ = ("_pieces", "_taken", "_until")

    def __init__(self, content: bytes, *, until: float) -> None:
        self._pieces = [content]
        self._until = until
        self._taken = False

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes:
        if self._taken:
            raise StopIteration
        if time.monotonic() >= self._until:  # mutant: body-after-its-time
            raise _Withdrawn
        try:
            content = self._pieces.pop()
        except IndexError:
            raise _Withdrawn from None
        self._taken = True
        return content

    def withdraw(self) -> bool:
        """True if the content was still here: it has not left and never will."""
        try:
            self._pieces.pop()
        except IndexError:
            return False
        return True


class Connections:
    """Up to `number` HTTP/2 connections to one host. Each is opened when first used; they are used
    in turn.

    Args:
        number: the number of connections. Each has a separate client, because a client of reqwest
            keeps one HTTP/2 connection per host. Connections needed: rate x latency / 100 streams.
        ca: an additional root certificate to trust, PEM.
    """

    def __init__(self, number: int, *, ca: bytes | None) -> None:
        self._ca = ca
        self._clients: list[Client | None] = [None] * number
        self._turns = count()
        self._closed = False

    def _client(self) -> Client:
        if self._closed:
            raise RuntimeError("the connections are closed")
        turn = next(self._turns) % len(self._clients)
        client = self._clients[turn]
        if client is None:
            builder = (
                ClientBuilder()
                # Force HTTP/2. If HTTP/1.1 is allowed too, a burst on a new client opens a
                # connection for almost every request (222 for 300), because reqwest waits for the
                # first connection only when it knows that it will be HTTP/2.
                .http2_prior_knowledge()
                .https_only(True)
                .follow_redirects(False)
                .no_proxy()
                .referer(False)
                .gzip(False)  # answers are small, and the limit of 64 kB must count decoded bytes
                .brotli(False)
                .zstd(False)
                .deflate(False)
                .user_agent("rekindle")
                .connect_timeout(timedelta(seconds=CONNECT_TIMEOUT_SECONDS))
                .http2_keep_alive_interval(timedelta(seconds=20))
                .http2_keep_alive_timeout(timedelta(seconds=10))
            )
            if self._ca is not None:
                builder = builder.add_root_certificate_pem(self._ca)
            client = self._clients[turn] = builder.build()
        return client

    async def reachable(self, url: str, *, timeout: float) -> bool:
        """Whether a server at `url` answers over trusted TLS and HTTP/2 within `timeout`
        seconds, with any status."""
        try:
            request = self._client().get(url).timeout(timedelta(seconds=timeout)).build_streamed()
            async with request:
                return True
        except (PyreqwestError, OSError, RuntimeError):
            return False

    async def post(self, url: str, *, bearer: str, content: bytes, timeout: float) -> Answer | Refused | Uncertain:
        """Send one request, once, and read the answer, all within `timeout` seconds.

        Returns Refused if the message certainly did not leave or the server certainly did not take
        it. Cancelling also stops a message that has not left yet; a message that has left keeps its
        stream until `timeout`.
        """
        body = _SingleBody(content, until=time.monotonic() + timeout)
        try:
            request = (
                self._client()
                .post(url)
                .header("authorization", f"Bearer {bearer}", is_sensitive=True)
                .header("content-type", "application/json; charset=utf-8")
                .header("content-length", str(len(content)))
                .timeout(timedelta(seconds=timeout))
                .body_stream(body)  # mutant: single-body
                .build_streamed()
            )
            async with request as response:
                read = bytearray()
                while len(read) < MAX_ANSWER_BYTES:
                    chunk = await response.body_reader.read(MAX_ANSWER_BYTES - len(read))
                    if not chunk:
                        break
                    read += bytes(chunk)
                retry_after = response.get_header("retry-after")
                headers = {} if retry_after is None else {"retry-after": retry_after}
                return Answer(response.status, headers, bytes(read))
        except (PyreqwestError, _Withdrawn, OSError, RuntimeError) as error:
            if body.withdraw():
                return Refused(Disposition.RETRY, "connect_failed")
            return _after_leaving(error)
        finally:
            body.withdraw()

    async def close(self) -> None:
        """Close every connection; requests in flight end as Uncertain."""
        self._closed = True
        for client in self._clients:
            if client is not None:
                await client.close()


def _after_leaving(error: Exception) -> Refused | Uncertain:
    causes = (error.details.get("causes") or []) if isinstance(error, DetailedPyreqwestError) else []
    if any(cause["message"] in (_REFUSED_STREAM, _GOING_AWAY) for cause in causes):
        return Refused(Disposition.RETRY, "stream_refused")
    return Uncertain("timeout" if isinstance(error, TimeoutError) else "connection_lost")
