"""The sandbox as one process: proxy, HTTP server and application on one event loop."""

import asyncio
import contextlib
import re
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any, cast

from rekindle.errors import SandboxError

PROJECT = "rekindle-sandbox"
HOST = "127.0.0.1"
_PROJECT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,62}", re.ASCII)
_START_SECONDS = 15.0
_STOP_SECONDS = 5.0
# Hanging requests are kept open on purpose: they must not use up what others need.
_CONNECTIONS = 4096
_STREAMS = 1000


async def serve(
    port: int,
    credentials: Path,
    ledger: Path | None,
    project: str = PROJECT,
    *,
    on_ready: Callable[[str], None],
    stop: asyncio.Event | None = None,
) -> None:
    """The sandbox has served on 127.0.0.1 until SIGINT, SIGTERM or `stop`, and every connection is closed.

    Nothing is printed. `on_ready` is called once, with the URL, when the first request may be sent. Requests under way
    at the end are cut. Run it on the main thread of a process: it handles both signals while it serves.

    Args:
        port: 0 to 65535; 0 takes any free one.
        credentials: where the service-account file is, or goes; the CA certificate lies beside it (`.ca.pem` added).
        ledger: the file that accepted messages are appended to; None keeps them in memory alone.
        project: the project id of the service account.
        on_ready: called on the event loop.
        stop: ends the serving when it is set.

    Raises:
        SandboxError: it could not start; nothing listens.
    """
    try:
        from granian.constants import Interfaces, SSLProtocols
        from granian.http import HTTP2Settings
        from granian.server.embed import Server

        from rekindle.sandbox.app import App
        from rekindle.sandbox.identity import take_identity, write_server_certificate
        from rekindle.sandbox.ledger import Ledger
        from rekindle.sandbox.proxy import Proxy
        from rekindle.sandbox.tokens import AccessTokens, TokenEndpoint
    except ImportError as error:
        raise SandboxError(
            f"The sandbox needs a package that is not installed: {error.name}",
            mend="Install rekindle[demo].",
        ) from error

    if not _PROJECT_ID.fullmatch(project):
        raise SandboxError(f"{project!r} is not a project id", mend="Use letters, digits, dots and hyphens.")
    stopping = stop or asyncio.Event()
    threads = _threads()
    proxy = Proxy()
    async with contextlib.AsyncExitStack() as stack:
        stack.callback(proxy.close)
        try:
            port = await proxy.listen(HOST, port)
        except (OSError, OverflowError) as error:
            raise SandboxError(
                f"The sandbox cannot listen on {HOST}:{port}: {getattr(error, 'strerror', None) or error}",
                mend="Name another port, or 0 for any free one.",
            ) from error
        url = f"https://{HOST}:{port}"
        kept = Ledger(ledger, project)
        stack.callback(kept.close)
        identity = take_identity(credentials, project=project, url=url)
        access_tokens = AccessTokens(identity.account["private_key"])
        app = App(
            project=project,
            ledger=kept,
            token_endpoint=TokenEndpoint(identity.account, identity.key.public_key(), access_tokens),
            access_tokens=access_tokens,
            proxy=proxy,
            stopping=stopping,
        )
        inner_port = stack.enter_context(_reserved_port())
        proxy.upstream = (HOST, inner_port)
        with tempfile.TemporaryDirectory(prefix="rekindle-sandbox-") as folder:
            certificate, key = write_server_certificate(identity, Path(folder))
            server = Server(
                app,
                address=HOST,
                port=inner_port,
                interface=Interfaces.RSGI,
                websockets=False,
                backlog=_CONNECTIONS,
                http2_settings=HTTP2Settings(max_concurrent_streams=_STREAMS),
                log_enabled=False,
                ssl_cert=certificate,
                ssl_key=key,
                ssl_protocol_min=SSLProtocols.tls12,
            )
            serving = asyncio.create_task(cast("Any", server).serve())
            await _listening(inner_port, serving)
        with _signals(stopping):
            await proxy.start()
            on_ready(url)
            ended = asyncio.create_task(stopping.wait())
            await asyncio.wait((ended, serving), return_when=asyncio.FIRST_COMPLETED)
            ended.cancel()
        if serving.done():
            raise SandboxError("The sandbox's HTTP server ended by itself") from serving.exception()
        stopping.set()
        proxy.close()
        server.stop()
        await asyncio.wait((serving,), timeout=_STOP_SECONDS)
        await _threads_gone(threads)


@contextlib.contextmanager
def _reserved_port() -> Generator[int]:
    """A port that nobody else is given while the server, which shares ports, binds it."""
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        holder.bind((HOST, 0))
        yield int(holder.getsockname()[1])


async def _listening(port: int, serving: asyncio.Task[Any]) -> None:
    """The server accepts connections on its own port."""
    deadline = asyncio.get_running_loop().time() + _START_SECONDS
    while not serving.done() and asyncio.get_running_loop().time() < deadline:
        try:
            _, writer = await asyncio.open_connection(HOST, port)
        except OSError:
            await asyncio.sleep(0.005)
        else:
            writer.close()
            return
    cause = serving.exception() if serving.done() else None
    raise SandboxError("The sandbox's HTTP server did not start") from cause


def _threads() -> set[int]:
    """The threads of this process that Python did not start; empty where the system does not say."""
    try:
        every = {int(task.name) for task in Path("/proc/self/task").iterdir()}
    except OSError:
        return set()
    return every - {thread.native_id for thread in threading.enumerate()}


async def _threads_gone(before: set[int]) -> None:
    """The server's own threads have ended.

    They outlive its answer that it has stopped by a millisecond or two, and one that asks for the interpreter while
    it is being taken down aborts the process: 3 of 12 exits on a busy machine.
    """
    await asyncio.sleep(0.05 if sys.platform != "linux" else 0)
    deadline = asyncio.get_running_loop().time() + _STOP_SECONDS
    while _threads() - before and asyncio.get_running_loop().time() < deadline:  # noqa: ASYNC110
        await asyncio.sleep(0.001)


@contextlib.contextmanager
def _signals(stopping: asyncio.Event) -> Generator[None]:
    """SIGINT and SIGTERM set the event; afterwards they do again what they did before."""
    loop = asyncio.get_running_loop()
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number in before:
        loop.add_signal_handler(number, stopping.set)
    try:
        yield
    finally:
        for number, disposition in before.items():
            loop.remove_signal_handler(number)
            signal.signal(number, disposition)
