"""the sandbox as one process: proxy, HTTP server and application on one event loop."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Any

from granian.constants import Interfaces, SSLProtocols
from granian.http import HTTP2Settings
from granian.server.embed import Server

from rekindle.errors import SandboxError
from rekindle.listening import STOP_SECONDS, foreign_threads, listens, reserved_port, threads_gone
from rekindle.sandbox.app import App
from rekindle.sandbox.identity import Identity, take_identity, write_server_certificate
from rekindle.sandbox.log import MessageLog
from rekindle.sandbox.proxy import Proxy
from rekindle.sandbox.server import SCRATCH
from rekindle.sandbox.tokens import AccessTokens, TokenEndpoint
from rekindle.scratch import Scratch

HOST = "127.0.0.1"
# Hanging requests stay open on purpose, and must not use up the connections of other requests.
_CONNECTIONS = 4096
_STREAMS = 1000


class Process:
    """Serves once, until `stop`."""

    def __init__(self, stop: asyncio.Event) -> None:
        self._stop = stop
        self._proxy = Proxy()

    async def serve(
        self, port: int, credentials: Path, log: Path | None, project: str, *, on_ready: Callable[[str], None]
    ) -> None:
        """See `rekindle.sandbox.server.serve`."""
        threads = foreign_threads()
        with contextlib.ExitStack() as stack:
            stack.callback(self._proxy.close)
            url = await self._listen(port)
            kept = MessageLog(log, project)
            stack.callback(kept.close)
            identity = take_identity(credentials, project=project, url=url)
            async with _http_server(self._app(identity, kept, project), identity, self._proxy) as serving:
                await self._proxy.start()
                on_ready(url)
                ended = asyncio.create_task(self._stop.wait())
                await asyncio.wait((ended, serving), return_when=asyncio.FIRST_COMPLETED)
                ended.cancel()
                if serving.done():
                    raise SandboxError("the sandbox's HTTP server ended by itself") from serving.exception()
                self._stop.set()
                self._proxy.close()
            await threads_gone(threads)

    async def _listen(self, port: int) -> str:
        try:
            taken = await self._proxy.listen(HOST, port)
        except (OSError, OverflowError) as error:
            raise SandboxError(
                f"the sandbox cannot listen on {HOST}:{port}: {getattr(error, 'strerror', None) or error}",
                hint="Name another port, or 0 for any free one.",
            ) from error
        return f"https://{HOST}:{taken}"

    def _app(self, identity: Identity, kept: MessageLog, project: str) -> App:
        access_tokens = AccessTokens(identity.account["private_key"])
        return App(
            project=project,
            log=kept,
            token_endpoint=TokenEndpoint(identity.account, identity.key.public_key(), access_tokens),
            access_tokens=access_tokens,
            proxy=self._proxy,
            stopping=self._stop,
        )


@contextlib.asynccontextmanager
async def _http_server(app: App, identity: Identity, proxy: Proxy) -> AsyncGenerator[asyncio.Task[None]]:
    """Serve the application on its own port, behind the proxy. The task ends by itself only if
    the server fails."""
    with reserved_port(HOST, 0) as port:
        proxy.upstream = (HOST, port)
        with Scratch(SCRATCH) as scratch:
            certificate, key = write_server_certificate(identity, scratch.path)
            server: Any = Server(
                app,
                address=HOST,
                port=port,
                interface=Interfaces.RSGI,
                websockets=False,
                backlog=_CONNECTIONS,
                http2_settings=HTTP2Settings(max_concurrent_streams=_STREAMS),
                log_enabled=False,
                ssl_cert=certificate,
                ssl_key=key,
                ssl_protocol_min=SSLProtocols.tls12,
            )
            serving: asyncio.Task[None] = asyncio.create_task(server.serve())
            if not await listens(serving, lambda: asyncio.open_connection(HOST, port)):
                cause = serving.exception() if serving.done() else None
                raise SandboxError("the sandbox's HTTP server did not start") from cause
        yield serving
        server.stop()
        await asyncio.wait((serving,), timeout=STOP_SECONDS)
