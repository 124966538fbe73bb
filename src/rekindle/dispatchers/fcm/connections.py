"""The one seam to the HTTP client: a request leaves once or not at all, in its time, and it is
known which.

pyreqwest's exception classes do not tell that. A `ConnectError` comes for a refused connection and
for a reset after the request has arrived; a `ConnectTimeoutError` also for an answer that never
came. And reqwest itself sends a request up to three times when a server answers REFUSED_STREAM or
GOAWAY, with no switch in pyreqwest against it. Both are settled by giving the body as a stream that
can be taken once: reqwest cannot send such a request again, and as long as the body was not taken,
no message has left. Nor does cancelling a coroutine of pyreqwest stop its request: it goes on until
its own timeout, and only the withdrawn body keeps a message back that had to wait for its turn. And
that timeout is of no use to a process that stood still: when it goes on, the client writes first
and looks at its clock later, so the body looks at the clock itself before it lets itself be taken.
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
# How h2 words the two refusals after which, by RFC 9113 (8.7), the request was certainly not
# processed. It reports the second one only for streams above the last that the server took. A
# wording that changes makes the send Uncertain.
_REFUSED_STREAM = "stream error received: refused stream before processing any application logic"
_GOING_AWAY = "connection error received: not a result of an error"


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer, its body cut at 64 kB."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


class _Withdrawn(Exception):
    """The body was asked for after its time: the stream is reset, and the request never becomes
    whole."""


class _SingleBody:
    """A body that is taken once before `until`, a reading of `time.monotonic`, or withdrawn.

    The client's own thread takes while the event loop withdraws; `list.pop` decides between them.
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
        """True when the content was still here, and so never left and never will."""
        try:
            self._pieces.pop()
        except IndexError:
            return False
        return True


class Connections:
    """Up to `number` HTTP/2 connections to one host, opened when first used, used in turn.

    Args:
        number: one client each, because a client of reqwest keeps one HTTP/2 connection per host.
            What is needed is rate x latency / 100 streams.
        ca: a further root to trust, PEM.
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
                # Not merely allowed: while HTTP/1.1 is possible too, a burst on a cold client opens
                # a connection for each request (222 for 300), because reqwest waits for a first
                # connection only when it knows.
                .http2_prior_knowledge()
                .https_only(True)
                .follow_redirects(False)
                .no_proxy()
                .referer(False)
                .gzip(False)  # an answer is small, and 64 kB of it are to stay 64 kB
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
        """Whether something answers there over trusted TLS and HTTP/2, whatever it says, within
        `timeout` seconds."""
        try:
            request = self._client().get(url).timeout(timedelta(seconds=timeout)).build_streamed()
            async with request:
                return True
        except (PyreqwestError, OSError, RuntimeError):
            return False

    async def post(self, url: str, *, bearer: str, content: bytes, timeout: float) -> Answer | Refused | Uncertain:
        """Send one request, once, and read the answer, all within `timeout` seconds.

        Returns Refused when the message certainly did not leave or the server certainly did not
        take it. After a cancellation too, no message leaves that was still here; one that had left
        keeps its stream until `timeout`.
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
        """Close every connection; requests under way end as uncertain."""
        self._closed = True
        for client in self._clients:
            if client is not None:
                await client.close()


def _after_leaving(error: Exception) -> Refused | Uncertain:
    causes = (error.details.get("causes") or []) if isinstance(error, DetailedPyreqwestError) else []
    if any(cause["message"] in (_REFUSED_STREAM, _GOING_AWAY) for cause in causes):
        return Refused(Disposition.RETRY, "stream_refused")
    return Uncertain("timeout" if isinstance(error, TimeoutError) else "connection_lost")
