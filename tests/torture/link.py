"""The network between the engine and its database: a TCP proxy that can be cut, and can go
silent."""

import asyncio
from contextlib import suppress


class Link:
    """Listens on `port` and passes every connection on to `target`.

    `silence` stops all bytes in both directions, but connections are still accepted, as behind a
    firewall that drops packets. `resume` passes the held bytes on, late. `cut` resets every open
    connection.
    """

    def __init__(self, target: int) -> None:
        self.port = 0
        self._target = target
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._server: asyncio.Server | None = None
        self._passing: set[asyncio.Task[None]] = set()
        self._ends: set[asyncio.StreamWriter] = set()

    async def open(self) -> None:
        """Start to accept connections."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    def silence(self) -> None:
        """Stop passing bytes."""
        self._flowing.clear()

    def resume(self) -> None:
        """Pass bytes again, the held ones first."""
        self._flowing.set()

    def cut(self) -> None:
        """Reset every connection; new ones are passed on."""
        for end in list(self._ends):
            end.transport.abort()

    async def close(self) -> None:
        """Stop listening and close every connection."""
        if self._server is not None:
            self._server.close()
        self.resume()
        self.cut()
        await asyncio.gather(*self._passing, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._passing.add(task)
        self._ends.add(writer)
        try:
            await self._flowing.wait()
            with suppress(OSError):
                far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
                self._ends.add(far_writer)
                try:
                    await asyncio.gather(self._pass(reader, far_writer), self._pass(far_reader, writer))
                finally:
                    self._ends.discard(far_writer)
                    far_writer.transport.abort()
        finally:
            self._ends.discard(writer)
            self._passing.discard(task)
            writer.transport.abort()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while piece := await reader.read(65_536):
                await self._flowing.wait()
                writer.write(piece)
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            writer.transport.abort()
            return
        with suppress(OSError, RuntimeError):
            await self._flowing.wait()
            writer.close()  # after what was written; the other direction ends with it
