"""One request to a host outside: to an address that was looked up before, over trusted TLS.

It uses httpx's transport and not its client: the transport follows no redirect, takes no proxy from
the environment and repeats nothing, and the client writes each address into the log, whose path may
be a secret. Nothing that this module raises quotes an address.
"""

import asyncio
import socket
import ssl
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from threading import Thread
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

if TYPE_CHECKING:
    import httpx

_PORTS = {"https": 443, "http": 80}


class Unanswered(Exception):
    """There is no answer: no trusted TLS, no connection, or no valid HTTP."""

    def __init__(self, why: Literal["tls", "connection", "answer"]) -> None:
        super().__init__(why)
        self.why = why


def place(url: str) -> tuple[str, int]:
    """The host and the port of an address."""
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or _PORTS[parts.scheme]


async def looked_up(host: str, port: int) -> Sequence[str]:
    """The addresses of a host that the system's resolver knows, in the order in which to try them.

    In a thread that nobody waits for: the resolver may take half a minute if no server of the DNS
    answers, and the event loop waits for its own threads before the process ends.

    Raises:
        OSError, UnicodeError: the name is not known.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[Sequence[str]] = loop.create_future()

    def settle(found: Sequence[str] | Exception) -> None:
        if answer.done():
            return  # nobody waits any more
        if isinstance(found, Exception):
            answer.set_exception(found)
        else:
            answer.set_result(found)

    def look() -> None:
        found: Sequence[str] | Exception
        try:
            every = (str(one[4][0]) for one in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
            found = list(dict.fromkeys(every))
        except (OSError, UnicodeError) as error:
            found = error
        with suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(settle, found)

    Thread(target=look, name="rekindle-dns", daemon=True).start()
    return await answer


@asynccontextmanager
async def answered(
    url: str,
    addresses: Sequence[str],
    *,
    trusted: ssl.SSLContext,
    headers: Mapping[str, str],
    content: bytes | None = None,
) -> AsyncGenerator["httpx.Response"]:
    """The answer to a GET, or with content to a POST; its body is not read yet. The addresses are
    tried in order until there is a connection.

    Raises:
        Unanswered: there is none, or the body does not arrive whole within the block.
    """
    import httpx

    parts = urlsplit(url)
    host, port = place(url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        async with httpx.AsyncHTTPTransport(verify=trusted, trust_env=False) as transport:
            for number, address in enumerate(addresses, start=1):
                request = httpx.Request(
                    "GET" if content is None else "POST",
                    httpx.URL(scheme=parts.scheme, host=address, port=port, raw_path=path.encode()),
                    headers={"host": parts.netloc, "user-agent": "rekindle", "accept-encoding": "identity", **headers},
                    content=content,
                    extensions={"sni_hostname": host},
                )
                try:
                    response = await transport.handle_async_request(request)
                except httpx.ConnectError as error:  # nothing has left
                    if number < len(addresses) and not _of_tls(error):
                        continue
                    raise
                try:
                    yield response
                finally:
                    await response.aclose()
                return
    except (httpx.HTTPError, httpx.StreamError, OSError, RuntimeError, ValueError) as error:
        raise Unanswered(_why(error)) from None
    raise Unanswered("connection")


def _why(error: Exception) -> Literal["tls", "connection", "answer"]:
    if _of_tls(error):
        return "tls"
    return "connection" if type(error).__name__ in ("ConnectError", "OSError") else "answer"


def _of_tls(error: BaseException) -> bool:
    return any(isinstance(one, ssl.SSLError) for one in _causes(error))


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
