"""The API as a server: Granian inside this process, on its event loop, and an orderly shutdown."""

import asyncio
import contextlib
import os
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server.embed import Server
from starlette.types import ASGIApp

from rekindle.access import LOOPBACK, UNIX_SOCKET, Actor
from rekindle.api.access import Access, Authenticator
from rekindle.api.address import Address, free_socket, open_to_group, require_key, resolved, socket_group
from rekindle.api.app import build
from rekindle.api.database_keys import DatabaseKeys
from rekindle.api.follow import Following
from rekindle.api.keys import EnvironmentKeys
from rekindle.api.middleware import SEND_SECONDS
from rekindle.api.rates import REQUESTS_PER_MINUTE
from rekindle.api.runs import Runs
from rekindle.app import Engine
from rekindle.errors import ServerError
from rekindle.listening import foreign_threads, listens, reserved_port, threads_gone
from rekindle.log import log
from rekindle.scenario import SignInConfig
from rekindle.sign_in.person import SignIn

CONNECTIONS = 512
"""How many connections are open at once. More wait until one of them closes."""
HEAD_SECONDS = 10.0
"""How long a connection may be open without the whole head of a request."""
MAX_HEAD_BYTES = 16_384
LAST_SECONDS = SEND_SECONDS + 5.0
"""How long a stopping server waits for clients to take their answers, once its runs have ended."""

HOST = "127.0.0.1"
PORT = 8321


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """The address of the API, its keys, and how many runs it allows at once.

    Args:
        keys: those of the environment. Without them the database must have a key or `sign_in` be
            set, except on a Unix socket, and on loopback with `insecure_loopback`.
        runs: the most runs at once.
        host: a name or an IP address; None for 127.0.0.1.
        port: 0 takes any free one; None for 8321.
        unix_socket: a file to listen on instead, which only this user may open.
        unix_socket_group: the name of a group that may open it too, such as the one of a proxy. A
            key is required then.
        insecure_loopback: serve loopback without a key.
        requests_per_minute: how many requests each key of the database and each person may send.
        sign_in: whose tokens are accepted beside keys; then a Unix socket requires a key or a token
            too.
    """

    keys: EnvironmentKeys | None
    runs: int
    host: str | None = None
    port: int | None = None
    unix_socket: Path | None = None
    unix_socket_group: str | None = None
    insecure_loopback: bool = False
    requests_per_minute: int = REQUESTS_PER_MINUTE
    sign_in: SignInConfig | None = None

    def address(self) -> Address:
        """Where to listen.

        Raises:
            ServerError: it is not one address, or cannot be used.
        """
        if self.unix_socket is not None and (self.host, self.port, self.insecure_loopback) != (None, None, False):
            raise ServerError(
                "--unix-socket excludes --host, --port and --insecure-loopback", hint="Leave the others out."
            )
        if self.unix_socket is None and self.unix_socket_group is not None:
            raise ServerError("--unix-socket-group requires --unix-socket", hint="Name the socket too.")
        if self.unix_socket is not None:
            address = free_socket(self.unix_socket)
            if self.unix_socket_group is not None:
                address = replace(address, group=socket_group(self.unix_socket_group))
        else:
            address = resolved(self.host or HOST, PORT if self.port is None else self.port)
        return address

    def access(self, address: Address, database_keys: Authenticator, *, usable: bool) -> Access:
        """Which requests come in at this address. `usable`: the database has a valid key now.

        Raises:
            ServerError: nobody could come in, without any key or sign-in.
        """
        sign_in = [] if self.sign_in is None else [SignIn(self.sign_in)]
        require_key(address, self.keys, insecure_loopback=self.insecure_loopback, others=bool(sign_in) or usable)
        known = [*([] if self.keys is None else [self.keys]), database_keys, *sign_in]
        return Access(
            known,
            without=self._without(address),
            loopback_only=self.insecure_loopback,
            requests_per_minute=self.requests_per_minute,
        )

    def _without(self, address: Address) -> Actor | None:
        """The actor of a request without a key, if such a request comes in."""
        if self.insecure_loopback:
            return LOOPBACK
        if address.unix_socket is None or address.group is not None:  # mutant: group-without-key
            return None
        keyed = self.keys is not None or self.sign_in is not None
        return None if keyed else UNIX_SOCKET  # mutant: sign-in-needs-a-token


async def serve(
    engine: Engine,
    options: ServerOptions,
    *,
    stop: asyncio.Event,
    on_ready: Callable[[str], None],
    console: Callable[[ASGIApp, Access, Runs, Following], ASGIApp] | None = None,
) -> bool:
    """Serve the API until `stop`. At the end, every run that it started has ended, and every
    request was answered.

    Args:
        on_ready: called once, with the address, when the first request may be sent.
        console: puts the pages in front of the API; None: there are no pages.

    Returns:
        Whether each client has taken its answer. If not, a thread of the server still waits for
        one: the process must end by `rekindle.listening.leave`.

    Raises:
        ServerError: it could not start, and nothing listens; or the server ended by itself.
    """
    address = options.address()
    keys = DatabaseKeys(engine)
    access = options.access(address, keys, usable=await engine.usable_keys())
    threads = foreign_threads()
    under_way = Runs(engine, at_once=options.runs, stop=stop)
    following = Following(engine, under_way)
    api: ASGIApp = build(engine, under_way, access, docs=address.is_local, following=following)
    if console is not None:
        api = console(api, access, under_way, following)
    async with _listening(api, address, under_way.ended) as (serving, port):
        stopping = asyncio.create_task(stop.wait())
        on_ready(address.shown(port))
        await asyncio.wait((serving, stopping), return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        by_itself = serving.done()
        stop.set()
    await keys.ended()
    if not serving.done():
        return False
    await threads_gone(threads)
    if by_itself:
        raise ServerError("the HTTP server ended by itself", hint="Start it again.")
    return True


@contextlib.asynccontextmanager
async def _listening(
    api: ASGIApp, address: Address, ended: Callable[[], Awaitable[None]]
) -> AsyncGenerator[tuple[asyncio.Task[Any], int]]:
    """The task of the server, which listens, and its port. At the end it accepts no new connection
    and answers every request that it has. A client that takes nothing of its answer is left
    `LAST_SECONDS` after the runs have `ended`: the task then goes on."""
    with contextlib.ExitStack() as until_it_listens:
        try:
            port = 0
            if address.unix_socket is None:
                port = until_it_listens.enter_context(reserved_port(address.ip, address.port))
            else:
                until_it_listens.callback(os.umask, os.umask(0o177))
        except (OSError, OverflowError) as error:
            raise _not_listening(address, address.port, error) from error
        server = _server(api, address, port)
        serving: asyncio.Task[Any] = asyncio.create_task(server.serve())

        def connect() -> Any:
            if address.unix_socket is not None:
                return asyncio.open_unix_connection(address.unix_socket)
            return asyncio.open_connection(address.ip, port)

        if not await listens(serving, connect):
            raise _not_listening(address, port, serving.exception() if serving.done() else None)
        try:
            open_to_group(address)
        except OSError as error:
            server.stop()
            await asyncio.wait((serving,))
            raise _not_listening(address, port, error) from error
    try:
        yield serving, port
    finally:
        server.stop()
        await ended()
        _, answering = await asyncio.wait((serving,), timeout=LAST_SECONDS)
        if answering:
            log.warning("http.cut_off", seconds=LAST_SECONDS)


def _server(api: ASGIApp, address: Address, port: int) -> Any:
    server: Any = Server(
        api,
        address=address.ip,
        port=port,
        uds=address.unix_socket,
        interface=Interfaces.ASGINL,
        http=HTTPModes.http1,
        websockets=False,
        backlog=CONNECTIONS,
        backpressure=CONNECTIONS,
        http1_settings=HTTP1Settings(header_read_timeout=int(HEAD_SECONDS * 1000), max_buffer_size=MAX_HEAD_BYTES),
        log_enabled=False,  # its lines may quote requests; we log what is needed
    )
    server.uds_permissions = 0o600
    return server


def _not_listening(address: Address, port: int, error: BaseException | None) -> ServerError:
    place = str(address.unix_socket or f"{address.ip}:{port}")
    reason = getattr(error, "strerror", None) or str(error or "it did not begin in time").partition("\n")[0]
    other = "--unix-socket" if address.unix_socket is not None else "--port, or 0 for any free one"
    return ServerError(f"cannot listen on {place}: {reason}", hint=f"Name another {other}.")
