"""One call of an Edge Function through Supabase's client. It leaves once or not at all, within its
time limit.

`supabase-functions` reports whether the function answered, and the status. It does not report
whether a failed request had left. It does not limit the size of an answer, and by default it
follows redirects and proxies. The transport in this module does all of that; see
docs/decisions/0009-edge-function-client.md.
"""

import asyncio
import re
import ssl
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, cast

import httpx
from supabase_functions import AsyncFunctionsClient
from supabase_functions.errors import FunctionsError, FunctionsHttpError

from rekindle.errors import Disposition
from rekindle.model import Refused, Uncertain
from rekindle.telemetry.spans import traceparent

MAX_ANSWER_BYTES = 2 * 1024 * 1024  # a hundred results, each with up to 8 kB of FCM's answer
CONNECT_TIMEOUT_SECONDS = 5.0
CONNECTIONS = 100
_PIECE_BYTES = 16_384
_JWT = re.compile(r"eyJ[\w-]*\.[\w-]+\.[\w-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer. The body is kept only for status 200."""

    status: int
    retry_after: str | None = None
    body: bytes = field(default=b"", repr=False)


class _Withheld(Exception):
    """The client asked for the body too late: the request is never complete."""


class _Unreadable(Exception):
    """The answer is too large, or compressed although the request did not allow that."""


class EdgeFunction:
    """A function of one project, called over HTTP/1.1 connections that are kept open.

    Args:
        url: the project's address, without a trailing slash.
        key: a secret key or a service role key. A secret key is not a JWT, and the gateway rejects
            it as `Authorization`.
        name: the function's name.
    """

    def __init__(self, url: str, key: str, name: str) -> None:
        self._address = f"{url}/functions/v1"
        self._name = name
        self._headers = {"apikey": key, "content-type": "application/json", "accept-encoding": "identity"}
        if _JWT.fullmatch(key):
            self._headers["authorization"] = f"Bearer {key}"
        limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
        self._pool = httpx.AsyncHTTPTransport(verify=ssl.create_default_context(), trust_env=False, limits=limits)

    async def call(self, content: bytes, *, until: float) -> Answer | Refused | Uncertain:
        """Send one request, once, and read the answer, all before `until` (a reading of
        `time.monotonic`).

        Returns Refused if the content certainly did not leave. Cancelling cuts the connection.
        """
        passage = _Passage(self._pool, until)
        wait = httpx.Timeout(None, connect=CONNECT_TIMEOUT_SECONDS)
        try:
            async with (
                asyncio.timeout(until - time.monotonic()),
                httpx.AsyncClient(transport=passage, timeout=wait, trust_env=False, follow_redirects=False) as http,
            ):
                trace = {} if (parent := traceparent()) is None else {"traceparent": parent}
                client: Any = AsyncFunctionsClient(self._address, self._headers | trace, http_client=http)
                body = cast("bytes", await client.invoke(self._name, {"body": content}))
            return Answer(passage.status, passage.retry_after, body)
        except FunctionsHttpError:
            return Answer(passage.status, passage.retry_after)
        except FunctionsError:  # an error of the relay; the function may have run
            return Uncertain("function_failed")
        except (httpx.HTTPError, httpx.StreamError, OSError, RuntimeError, ValueError, _Withheld, _Unreadable) as fault:
            if not passage.left:
                return Refused(Disposition.RETRY, "connect_failed")
            if isinstance(fault, TimeoutError):
                return Uncertain("timeout")
            return Uncertain("garbled_answer" if passage.status else "connection_lost")

    async def close(self) -> None:
        """Close every connection."""
        await self._pool.aclose()


class _Passage(httpx.AsyncBaseTransport):
    """Passes one request to the shared connections, and records whether it left and what was
    answered."""

    def __init__(self, pool: httpx.AsyncHTTPTransport, until: float) -> None:
        self._pool = pool
        self._until = until
        self.left = False
        self.status = 0
        self.retry_after: str | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.left:
            raise _Withheld
        request.stream = _Body(self, request.content, self._until)
        response = await self._pool.handle_async_request(request)
        self.status, self.retry_after = response.status_code, response.headers.get("retry-after")
        response.stream = _Bounded(cast("httpx.AsyncByteStream", response.stream))
        if response.headers.get("content-encoding", "identity") != "identity":
            await response.aclose()
            raise _Unreadable
        return response


class _Body(httpx.AsyncByteStream):
    """The content, in pieces, until the time limit: a process that was suspended sends nothing
    when it resumes too late."""

    def __init__(self, passage: _Passage, content: bytes, until: float) -> None:
        self._passage = passage
        self._content = content
        self._until = until

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for at in range(0, len(self._content), _PIECE_BYTES):
            if time.monotonic() >= self._until:  # mutant: function-after-its-time
                raise _Withheld
            self._passage.left = True  # mutant: function-body-left
            yield self._content[at : at + _PIECE_BYTES]


class _Bounded(httpx.AsyncByteStream):
    def __init__(self, stream: httpx.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for piece in self._stream:
            size += len(piece)
            if size > MAX_ANSWER_BYTES:  # mutant: function-answer-size
                raise _Unreadable
            yield piece

    async def aclose(self) -> None:
        await self._stream.aclose()
