"""The network between the engine and its database, which fails when a word passes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal
from urllib.parse import urlsplit, urlunsplit


class Wire:
    """Passes bytes on between the engine and its database until statements with the word have
    passed a number of times.

    Then it cuts every connection; or, for good, goes silent on them all and on every later one:
    connections are accepted, and no byte passes any more in either direction.

    Args:
        url: the database behind it; `self.url` is where to connect instead.
        word: a text in a statement, such as rekindle:arm.
        answered: as soon as the answer to the COMMIT of its transaction comes back (it was executed
            for good), else before the server has read it.
    """

    def __init__(
        self, url: str, word: str, *, answered: bool, times: int = 1, then: Literal["cut", "silence"] = "cut"
    ) -> None:
        self.hits = 0
        self.silent = asyncio.Event()
        self.url = ""
        self._behind = urlsplit(url)
        self._word = word.encode()
        self._answered = answered
        self._left = times
        self._then = then
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Wire"]:
        """Listening; every connection is gone when the block ends."""
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        place = self._behind.netloc.replace(f":{self._behind.port}", f":{port}")
        self.url = urlunsplit(self._behind._replace(netloc=place))
        try:
            yield self
        finally:
            server.close()
            self._cut()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def _cut(self) -> None:
        for writer in list(self._writers):
            writer.transport.abort()

    def _hit(self) -> None:
        if self._then == "cut":
            self._cut()
        else:
            self.silent.set()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._writers.add(writer)
        if self.silent.is_set():
            await asyncio.Event().wait()
        far_reader, far_writer = await asyncio.open_connection(self._behind.hostname, self._behind.port)
        self._writers.add(far_writer)
        seen = asyncio.Event()
        try:
            await asyncio.gather(self._forth(reader, far_writer, seen), self._back(far_reader, writer, seen))
        except OSError:
            pass
        finally:
            self._writers -= {writer, far_writer}
            writer.transport.abort()
            far_writer.transport.abort()
            self._tasks.discard(task)

    async def _forth(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seen: asyncio.Event) -> None:
        executed = False
        while piece := await reader.read(262_144):
            if executed and b"COMMIT" in piece:
                executed = False
                seen.set()
            if self._word in piece and self._left:
                self._left -= 1
                self.hits += 1
                executed = self._answered
                if not executed:
                    self._hit()
            if self.silent.is_set():
                continue
            writer.write(piece)
            await writer.drain()
        if not self.silent.is_set():
            writer.transport.abort()

    async def _back(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seen: asyncio.Event) -> None:
        while piece := await reader.read(262_144):
            if seen.is_set():
                seen.clear()
                self._hit()
            if self.silent.is_set():
                continue
            writer.write(piece)
            await writer.drain()
        writer.transport.abort()
