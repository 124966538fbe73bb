"""The proxy in front of the sandbox's server, over real sockets."""

import asyncio
import socket

import pytest

from rekindle.sandbox.proxy import Proxy


@pytest.mark.parametrize("words", [b"first words", b""])
async def test_bytes_sent_before_the_server_is_reached_arrive_complete(words: bytes) -> None:
    heard: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.set_result(await reader.read())
        writer.close()

    server = await asyncio.start_server(listen, "127.0.0.1", 0)
    proxy = Proxy()
    port = await proxy.listen("127.0.0.1", 0)
    proxy.upstream = server.sockets[0].getsockname()
    await proxy.start()
    # Without yielding in between: all bytes and the end arrive before the proxy knows of the
    # connection.
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(words)
        client.shutdown(socket.SHUT_WR)
        assert await asyncio.wait_for(heard, 5) == words
    proxy.close()
    server.close()
    await server.wait_closed()
