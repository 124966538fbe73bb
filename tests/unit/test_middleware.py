"""The outermost layer of the API: whatever the application does, the client gets one answer that
reveals nothing of the fault."""

import asyncio
from typing import Any

import httpx
import pytest
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rekindle.access import UNIX_SOCKET
from rekindle.api import middleware
from rekindle.api.access import Access
from rekindle.api.middleware import Entrance
from team.waiting import WAIT_SECONDS


async def fails(scope: Scope, receive: Receive, send: Send) -> None:
    raise RuntimeError("s3cret")


async def fails_while_answering(scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse("half")(scope, receive, send)
    raise RuntimeError("s3cret")


async def asked(app: ASGIApp) -> httpx.Response:
    transport = httpx.ASGITransport(Entrance(app, Access(without=UNIX_SOCKET), free=()))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        return await client.get("/")


async def test_an_unexpected_fault_is_answered_without_its_text(
    capsys: pytest.CaptureFixture[str], logged: list[dict[str, Any]]
) -> None:
    answer = await asked(fails)
    assert (answer.status_code, answer.json()["code"], answer.json()["hint"]) == (500, "RK000", "Read the log.")
    assert "s3cret" not in answer.text + "".join(capsys.readouterr())
    assert logged[0] == {"event": "http.failed", "log_level": "error", "kind": "RuntimeError"}


async def test_a_fault_after_the_answer_has_begun_adds_no_second_answer() -> None:
    answer = await asked(fails_while_answering)
    assert (answer.status_code, answer.text) == (200, "half")


async def test_an_answer_that_the_client_does_not_take_is_given_up(
    monkeypatch: pytest.MonkeyPatch, logged: list[dict[str, Any]]
) -> None:
    monkeypatch.setattr(middleware, "SEND_SECONDS", 0.05)
    scope = {"type": "http", "method": "GET", "path": "/", "http_version": "1.1", "headers": [(b"host", b"x")]}

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def deaf(message: Message) -> None:
        if message["type"] == "http.response.body":
            await asyncio.Event().wait()

    entrance = Entrance(PlainTextResponse("text"), Access(without=UNIX_SOCKET), free=())
    async with asyncio.timeout(WAIT_SECONDS):
        await entrance(scope, receive, deaf)
    assert [one["event"] for one in logged] == ["http.request"]
