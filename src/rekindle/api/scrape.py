"""/metrics for Prometheus, on a port beside the API or the worker. It needs no key, and shows no
person and no text."""

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server.embed import Server
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from rekindle.errors import MetricsRefused
from rekindle.listening import foreign_threads, listens, reserved_port, threads_gone

FRESH_SECONDS = 10.0
"""How long the numbers of the ledger are kept, because anybody may scrape at any rate."""
CONNECTIONS = 16
HEAD_SECONDS = 5.0
MAX_HEAD_BYTES = 16_384

_HINT = "Name another --metrics-port, or 0 for any free one, and an address of this machine as --metrics-host."


@contextlib.asynccontextmanager
async def scraped(
    registry: CollectorRegistry, refresh: Callable[[], Awaitable[None]], *, host: str, port: int
) -> AsyncGenerator[str]:
    """Serve the registry while the block runs. Yields the address of /metrics.

    `refresh` is called before an answer, at most once per `FRESH_SECONDS`.

    Raises:
        MetricsRefused: it cannot listen there.
    """
    threads = foreign_threads()
    with contextlib.ExitStack() as until_it_listens:
        try:
            ip = str(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0][4][0])
            free = until_it_listens.enter_context(reserved_port(ip, port))
        except (OSError, OverflowError, UnicodeError) as error:
            reason = getattr(error, "strerror", None) or "no such address"
            raise MetricsRefused(f"metrics cannot be served on port {port}: {reason}", hint=_HINT) from error
        server: Any = Server(
            Scrape(registry, refresh),
            address=ip,
            port=free,
            interface=Interfaces.ASGINL,
            http=HTTPModes.http1,
            websockets=False,
            backlog=CONNECTIONS,
            backpressure=CONNECTIONS,
            http1_settings=HTTP1Settings(header_read_timeout=int(HEAD_SECONDS * 1000), max_buffer_size=MAX_HEAD_BYTES),
            log_enabled=False,
        )
        serving: asyncio.Task[Any] = asyncio.create_task(server.serve(), name="rekindle-metrics")
        if not await listens(serving, lambda: asyncio.open_connection(ip, free)):
            raise MetricsRefused(f"metrics cannot be served on port {port}", hint=_HINT)
    try:
        yield f"http://[{ip}]:{free}/metrics" if ":" in ip else f"http://{ip}:{free}/metrics"
    finally:
        server.stop()
        await asyncio.wait((serving,))
        await threads_gone(threads)


class Scrape:
    """The application: GET /metrics, and nothing else."""

    def __init__(self, registry: CollectorRegistry, refresh: Callable[[], Awaitable[None]]) -> None:
        self._registry = registry
        self._refresh = refresh
        self._fresh_until = 0.0
        self._refreshing = asyncio.Lock()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request. A body is not read."""
        del receive
        headers: list[tuple[bytes, bytes]] = [(b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff")]
        status, body, kind = 404, b"", "text/plain; charset=utf-8"
        if scope["path"] == "/metrics" and scope["method"] in ("GET", "HEAD"):
            await self._refreshed()
            accept = next((value for name, value in scope["headers"] if name == b"accept"), b"").decode("latin-1")
            encode, kind = choose_encoder(accept)
            status, body = 200, encode(self._registry)
        elif scope["path"] == "/metrics":
            status = 405
            headers.append((b"allow", b"GET, HEAD"))
        headers += [(b"content-type", kind.encode()), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})

    async def _refreshed(self) -> None:
        async with self._refreshing:
            if time.monotonic() >= self._fresh_until:
                await self._refresh()
                self._fresh_until = time.monotonic() + FRESH_SECONDS  # mutant: scrape-is-bounded
