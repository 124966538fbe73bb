"""The server stops although a client takes nothing of its answer."""

import subprocess
import sys

SERVER = """
import asyncio, logging, socket, sys
from rekindle import listening
from rekindle.api import server
from rekindle.api.address import Address

logging.basicConfig(stream=sys.stdout, format="%(message)s")
server.LAST_SECONDS = 0.3
sending = asyncio.Event()

async def endless(scope, receive, send):
    if scope["type"] != "http":
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    while True:
        sending.set()
        await send({"type": "http.response.body", "body": b"x" * 1_000_000, "more_body": True})

async def ended():
    print("runs ended", flush=True)

async def main():
    async with server._listening(endless, Address("127.0.0.1", 0), ended) as (serving, port):
        deaf = socket.create_connection(("127.0.0.1", port))
        deaf.sendall(b"GET / HTTP/1.1\\r\\nhost: x\\r\\n\\r\\n")
        await sending.wait()
    assert not serving.done()
    print("stopped")
    listening.leave()

asyncio.run(main())
"""


def test_a_client_that_takes_nothing_of_its_answer_does_not_hold_up_the_end():
    done = subprocess.run([sys.executable, "-c", SERVER], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    first, (event, *fields), last = (line.split(" ") for line in done.stdout.splitlines())
    assert (first, last) == (["runs", "ended"], ["stopped"])
    assert (event, fields) == ("http.cut_off", ["seconds=0.3"])
