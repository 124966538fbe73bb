"""The API as a server: one socket, one event loop, and an orderly shutdown."""

import asyncio
import contextlib
import ipaddress
import logging
import socket
from collections.abc import Callable, Generator
from dataclasses import dataclass

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from rekindle.api.app import build
from rekindle.api.keys import Keys
from rekindle.api.runs import Runs
from rekindle.app import Engine
from rekindle.errors import ServerError

CONNECTIONS = 256
HEAD_SECONDS = 10.0
MAX_HEAD_BYTES = 16_384


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """The address of the API, its keys, and how many runs it allows at once.

    Args:
        host: the address to listen on. Anything but loopback requires `keys`.
        port: 0 takes any free one.
        runs: the most runs at once.
    """

    host: str
    port: int
    keys: Keys | None
    runs: int


async def serve(
    engine: Engine, options: ServerOptions, *, stop: asyncio.Event, on_ready: Callable[[str], None]
) -> None:
    """Serve the API until `stop`. At the end, every run that it started has ended, and every
    request was answered.

    Args:
        on_ready: called once, with the address, when the first request may be sent.

    Raises:
        ServerError: it could not start, and nothing listens.
    """
    alone = is_loopback(options.host)
    if options.keys is None and not alone:
        raise ServerError(
            f"without a key the API listens on loopback only, and {options.host} is not a loopback address",
            hint="Set REKINDLE_API_KEY, for example to the output of `openssl rand -hex 32`, or leave out --host.",
        )
    under_way = Runs(engine, at_once=options.runs, stop=stop)
    with _listening(options.host, options.port) as listener:
        server = _server(build(engine, under_way, keys=options.keys, docs=alone))
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        stopping = asyncio.create_task(stop.wait())
        on_ready(_address(listener))
        await asyncio.wait((serving, stopping), return_when=asyncio.FIRST_COMPLETED)
        stop.set()
        server.should_exit = True
        await serving
        await under_way.ended()


def _server(app: ASGIApp) -> uvicorn.Server:
    logging.getLogger("uvicorn").setLevel(logging.CRITICAL)  # its lines quote requests; we log what is needed
    settings = uvicorn.Config(
        app,
        http=_Protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        limit_concurrency=CONNECTIONS,
        timeout_keep_alive=5,
        h11_max_incomplete_event_size=MAX_HEAD_BYTES,
    )
    return _Server(settings)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach this address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class _Server(uvicorn.Server):
    """Does not handle signals: the command does."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


class _Protocol(H11Protocol):
    """Closes a connection whose next request does not begin in time. uvicorn waits without limit
    for a slow one."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        super().connection_made(transport)
        self._expect_head()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._expect_head()

    def _expect_head(self) -> None:
        self.loop.call_later(HEAD_SECONDS, self._close_if_idle)

    def _close_if_idle(self) -> None:
        if self.cycle is None or self.cycle.response_complete:  # pyright: ignore[reportUnnecessaryComparison]
            self.transport.close()  # `cycle` is None until the first request begins; uvicorn's annotation is wrong


@contextlib.contextmanager
def _listening(host: str, port: int) -> Generator[socket.socket]:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.create_server((host, port), family=family, backlog=CONNECTIONS)
    except (OSError, OverflowError) as error:
        raise ServerError(
            f"cannot listen on {host}:{port}: {getattr(error, 'strerror', None) or error}",
            hint="Name another --port, or 0 for any free one.",
        ) from error
    with listener:
        yield listener


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
