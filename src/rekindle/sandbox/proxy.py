"""A TCP proxy in front of the HTTP server. It can reset a connection, which the application
cannot.

It does not read TLS, so the server negotiates HTTP/2 itself. The server sees the proxy's port as
the client's address, and the proxy finds the client by that port.
"""

import asyncio
import socket
import struct
from typing import cast

_LINGER_NONE = struct.pack("ii", 1, 0)


class Proxy:
    """Listens on one address and forwards every connection to `upstream`. Used on one event
    loop."""

    def __init__(self) -> None:
        self.upstream: tuple[str, int] = ("127.0.0.1", 0)
        self._server: asyncio.Server | None = None
        self._by_port: dict[int, _Side] = {}
        self._clients: set[_Side] = set()

    async def listen(self, host: str, port: int) -> int:
        """Bind the port (0: any free one) without accepting connections. Returns the port.

        Raises:
            OSError: the port is in use, or may not be used.
        """
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Side(self), host, port, backlog=4096, start_serving=False)
        return int(self._server.sockets[0].getsockname()[1])

    async def start(self) -> None:
        """Accept connections."""
        if self._server is not None:
            await self._server.start_serving()

    def reset(self, port: int) -> None:
        """Send a TCP reset to the client behind this port at once. Bytes on their way to it are
        lost."""
        upstream = self._by_port.get(port)
        if upstream is not None and upstream.peer is not None:
            upstream.peer.reset()

    def close(self) -> None:
        """Close every connection, in both directions."""
        if self._server is not None:
            self._server.close()
        for client in list(self._clients):
            client.abort()

    def opened(self, side: "_Side", port: int | None) -> None:
        """Note that a side has a transport. `port` is given for the side towards the server."""
        if port is None:
            self._clients.add(side)
        else:
            self._by_port[port] = side

    def closed(self, side: "_Side", port: int | None) -> None:
        """Note that a side is closed."""
        if port is None:
            self._clients.discard(side)
        elif self._by_port.get(port) is side:
            del self._by_port[port]


class _Side(asyncio.Protocol):
    """One end of a proxied connection: towards the client (made first), or towards the server."""

    def __init__(self, proxy: Proxy, client: "_Side | None" = None) -> None:
        self._proxy = proxy
        self.peer = client
        self._port: int | None = None
        self._is_client = client is None
        self._transport: asyncio.Transport | None = None
        self._linking: asyncio.Task[None] | None = None
        # The bytes that the client sends before the server is connected. Pausing the reading in
        # connection_made does not work: Python 3.11.0 to 3.11.2 starts reading anyway, and those
        # bytes would be lost.
        self._early: list[bytes] = []
        self._early_end = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        sock = self._transport.get_extra_info("socket")
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._is_client:
            self._proxy.opened(self, None)
            self._linking = asyncio.get_running_loop().create_task(self._link())
            return
        self._port = int(self._transport.get_extra_info("sockname")[1])
        self._proxy.opened(self, self._port)

    async def _link(self) -> None:
        """Connect to the server, then forward in both directions."""
        try:
            _, upstream = await asyncio.get_running_loop().create_connection(
                lambda: _Side(self._proxy, self), *self._proxy.upstream
            )
        except OSError:
            self.abort()
            return
        if self._transport is None or self._transport.is_closing():
            upstream.abort()
            return
        self.peer = upstream
        upstream.write(b"".join(self._early))
        self._early.clear()
        if self._early_end:
            upstream.write_eof()
        self.hold(False)

    def data_received(self, data: bytes) -> None:
        if self.peer is not None:
            self.peer.write(data)
        else:
            self._early.append(data)
            self.hold(True)

    def eof_received(self) -> bool:
        if self.peer is not None:
            self.peer.write_eof()
        else:
            self._early_end = True
        return True  # the other direction may still send

    def pause_writing(self) -> None:
        if self.peer is not None:
            self.peer.hold(True)

    def resume_writing(self) -> None:
        if self.peer is not None:
            self.peer.hold(False)

    def connection_lost(self, exc: Exception | None) -> None:
        self._proxy.closed(self, self._port)
        peer, self.peer, self._transport = self.peer, None, None
        if peer is not None:
            peer.abort() if exc is not None else peer.close()

    def write(self, chunk: bytes) -> None:
        if self._transport is not None:
            self._transport.write(chunk)

    def write_eof(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write_eof()

    def hold(self, held: bool) -> None:
        """Pause or resume reading from this side, because the other side is slower."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading() if held else self._transport.resume_reading()

    def close(self) -> None:
        """Close after everything written is sent."""
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Close now."""
        if self._transport is not None:
            self._transport.abort()

    def reset(self) -> None:
        """Close now, with a RST instead of a FIN."""
        if self._transport is not None:
            sock = self._transport.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NONE)
            self._transport.abort()
