"""Counts the statements that a client sends to the server: a proxy between them reads the wire."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit, urlunsplit

SIMPLE, PARSE, COPY_DATA = b"Q", b"P", b"d"


class StatementCounter:
    """`statements` counts each statement by its text; connect to `url` instead of the server."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.statements: Counter[str] = Counter()

    @property
    def total(self) -> int:
        """How many statements arrived, those that begin and end a transaction included."""
        return self.statements.total()

    async def forward(self, client: asyncio.StreamReader, server: asyncio.StreamWriter) -> None:
        """Pass on every message of the client; count those that carry a statement."""
        first = int.from_bytes(head := await client.readexactly(4))
        server.write(head + await client.readexactly(first - 4))
        while kind := await client.read(1):
            length = await client.readexactly(4)
            body = await client.readexactly(int.from_bytes(length) - 4)
            if kind == SIMPLE:
                self.statements[body.rstrip(b"\0").decode()] += 1
            elif kind == PARSE:
                self.statements[body.split(b"\0")[1].decode()] += 1
            server.write(kind + length + body)
            await server.drain()


@asynccontextmanager
async def counting(url: str) -> AsyncGenerator[StatementCounter]:
    """A counter in front of the server; its connections close when the block ends."""
    parts = urlsplit(url)
    tasks: set[asyncio.Task[None]] = set()

    async def serve(client: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)

        async def answer() -> None:
            while block := await reader.read(65_536):
                back.write(block)
                await back.drain()

        answering = asyncio.create_task(answer())
        try:
            await counter.forward(client, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            answering.cancel()
            writer.close()
            back.close()

    def accept(client: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(serve(client, back))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    listener = await asyncio.start_server(accept, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    login = parts.netloc.rpartition("@")[0]
    there = urlunsplit(parts._replace(netloc=f"{login}@127.0.0.1:{port}", query="sslmode=disable&gssencmode=disable"))
    counter = StatementCounter(there)
    async with listener:
        try:
            yield counter
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
