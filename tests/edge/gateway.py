"""A gateway between Rekindle and a function that fails as real gateways do: it passes requests
on, or does not."""

import contextlib
import http.client
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from contract.fcm_server import Reply, Request, Server, serving
from edge.deno import Function


class Gateway:
    """Counts the batches that arrive; `conduct` decides for each, by its number from 0, what
    happens to it."""

    def __init__(self, server: Server, function: Function) -> None:
        self.url = server.url
        self.batches: list[list[str]] = []
        self.conduct: Callable[[int, Request], Reply | str] = lambda _, request: self.passed_on(request)
        self._function = function
        server.answer = self._answer

    def passed_on(self, request: Request) -> Reply:
        """The function's own answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self._function.port, timeout=60)
        with contextlib.closing(connection):
            connection.request("POST", request.path, request.body, {"apikey": request.headers["apikey"]})
            answer = connection.getresponse()
            return Reply(answer.status, answer.read())

    def _answer(self, request: Request) -> Reply | str:
        targets = [one["message"]["token"] for one in json.loads(request.body)["messages"]]
        if not targets:
            return self.passed_on(request)
        self.batches.append(targets)
        return self.conduct(len(self.batches) - 1, request)


@contextlib.asynccontextmanager
async def gateway(folder: Path, function: Function) -> AsyncIterator[Gateway]:
    """A gateway in front of the function that passes everything on."""
    async with serving(folder, protocol="http/1.1", tls=False) as server:
        yield Gateway(server, function)
