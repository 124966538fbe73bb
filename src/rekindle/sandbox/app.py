"""the sandbox's endpoints, as an RSGI application."""

import asyncio
import re
import time
from typing import Any, Protocol

from rekindle.log import log
from rekindle.sandbox import replies
from rekindle.sandbox.faults import Fault, FaultInvalid, Faults
from rekindle.sandbox.log import MessageLog
from rekindle.sandbox.message import Request, read_request
from rekindle.sandbox.proxy import Proxy
from rekindle.sandbox.replies import Reply
from rekindle.sandbox.tokens import AccessTokens, TokenEndpoint

BODY_BYTES = 1024 * 1024
_SEND = re.compile(r"/v1/projects/([^/]+)/messages:send")
_TOO_LARGE = replies.invalid(f"Request payload size exceeds the limit: {BODY_BYTES} bytes.", fcm=False)


class Headers(Protocol):
    """A request's headers, by lower-case name."""

    def get(self, key: str, default: Any = None) -> Any: ...


class Scope(Protocol):
    """The server's information about a request."""

    proto: str
    http_version: str
    client: str
    method: str
    path: str

    @property
    def headers(self) -> Headers: ...


class Body(Protocol):
    """A response that is sent in pieces."""

    async def send_bytes(self, data: bytes) -> None: ...


class Exchange(Protocol):
    """The request's body, and the methods that answer it."""

    async def __call__(self) -> bytes: ...
    def __aiter__(self) -> Any: ...
    async def client_disconnect(self) -> None: ...
    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None: ...
    def response_empty(self, status: int, headers: list[tuple[str, str]]) -> None: ...
    def response_stream(self, status: int, headers: list[tuple[str, str]]) -> Body: ...


class App:
    """Routes requests. All state belongs to one event loop, and no code awaits between a check
    and its effect."""

    def __init__(
        self,
        *,
        project: str,
        log: MessageLog,
        token_endpoint: TokenEndpoint,
        access_tokens: AccessTokens,
        proxy: Proxy,
        stopping: asyncio.Event,
    ) -> None:
        self._project = project
        self._log = log
        self._token_endpoint = token_endpoint
        self._access_tokens = access_tokens
        self._proxy = proxy
        self._stopping = stopping
        self._faults = Faults()
        self._requests = {"token": 0, "send": 0, "validate": 0}

    async def __rsgi__(self, scope: Scope, exchange: Exchange) -> None:
        """Answer one request, or fail it on purpose."""
        if scope.proto != "http":
            exchange.response_empty(404, [])
            return
        send = _SEND.fullmatch(scope.path) if scope.method == "POST" else None
        if send is None and scope.path.startswith("/_sandbox/"):
            _answer(exchange, await self._own(scope, exchange))
            return
        if send is None and (scope.method, scope.path) != ("POST", "/token"):
            _answer(exchange, replies.NOT_FOUND)
            return
        body = await _read(scope, exchange)
        if body is None:
            _answer(exchange, _TOO_LARGE)
        elif send is None:
            await self._token(scope, exchange, body)
        else:
            await self._send(scope, exchange, body, send[1])

    async def _token(self, scope: Scope, exchange: Exchange, body: bytes) -> None:
        self._requests["token"] += 1
        fault = self._faults.take("token", "")
        if fault is not None and await self._fail(fault, scope, exchange):
            return
        _answer(exchange, self._token_endpoint.answer(body))

    async def _send(self, scope: Scope, exchange: Exchange, body: bytes, project: str) -> None:
        request = read_request(body)
        validating = isinstance(request, Request) and request.validate_only
        self._requests["validate" if validating else "send"] += 1
        refusal = self._refusal(scope, project)
        if refusal is not None:
            _answer(exchange, refusal)
            return
        if isinstance(request, Reply):
            _answer(exchange, request)
            return
        fault = self._faults.take("send", request.target)
        if fault is not None and await self._fail(fault, scope, exchange):
            return
        if request.validate_only:
            name = f"projects/{self._project}/messages/fake_message_id"
        else:
            try:
                name = self._log.accept(request)
            except OSError as error:
                log.error("sandbox.log_not_written", reason=error.strerror)
                _answer(exchange, replies.INTERNAL)
                return
        reply = replies.as_json(200, {"name": name})
        conduct = None if fault is None else fault.conduct
        if conduct is None:
            _answer(exchange, reply)
        elif conduct == "accept_then_503":
            _answer(exchange, replies.UNAVAILABLE)
        elif conduct == "cut_body":
            await _answer_half(exchange, reply)
        else:
            self._reset(scope, exchange)

    def _refusal(self, scope: Scope, project: str) -> Reply | None:
        authorization = scope.headers.get("authorization") or ""
        if authorization[:7].lower() != "bearer ":
            return replies.NO_CREDENTIALS
        validity = self._access_tokens.check(authorization[7:].strip(), now=time.time())
        if validity != "valid":
            return replies.EXPIRED_CREDENTIALS if validity == "expired" else replies.BAD_CREDENTIALS
        return None if project == self._project else replies.forbidden(project)

    async def _fail(self, fault: Fault, scope: Scope, exchange: Exchange) -> bool:
        """Apply the part of a fault that comes before an acceptance. Returns whether the request
        ends here."""
        if fault.delay_ms:
            await asyncio.sleep(fault.delay_ms / 1000)
        if fault.reply is not None:
            _answer(exchange, fault.reply)
        elif fault.conduct == "hang":
            await self._hang(exchange)
        elif fault.conduct == "reset":
            self._reset(scope, exchange)
        else:
            return False
        return True

    async def _hang(self, exchange: Exchange) -> None:
        """Wait until the client disconnects or the sandbox stops."""
        gone = asyncio.ensure_future(exchange.client_disconnect())
        stopped = asyncio.ensure_future(self._stopping.wait())
        await asyncio.wait((gone, stopped), return_when=asyncio.FIRST_COMPLETED)
        for waiting in (gone, stopped):
            waiting.cancel()
        exchange.response_empty(503, [])  # nobody receives it; the server requires that every exchange ends

    def _reset(self, scope: Scope, exchange: Exchange) -> None:
        self._proxy.reset(int(scope.client.rpartition(":")[2]))
        exchange.response_empty(503, [])  # nobody receives it, as in `_hang`

    async def _own(self, scope: Scope, exchange: Exchange) -> Reply:
        """Answer the sandbox's own endpoints, which FCM does not have."""
        match scope.method, scope.path.removeprefix("/_sandbox/"):
            case "GET", "health":
                return replies.as_json(200, {"status": "ok", "project": self._project})
            case "GET", "messages":
                return Reply(200, self._log.listing())
            case "DELETE", "messages":
                self._log.clear()
                return Reply(204, b"", ())
            case "GET", "requests":
                return replies.as_json(200, self._requests)
            case "GET", "faults":
                return replies.as_json(200, self._faults.listing())
            case "PUT", "faults":
                body = await _read(scope, exchange)
                if body is None:
                    return _TOO_LARGE
                try:
                    self._faults.put(body)
                except FaultInvalid as mistake:
                    return replies.mistake(str(mistake))
                return replies.as_json(200, self._faults.listing())
            case _:
                return replies.NOT_FOUND


async def _read(scope: Scope, exchange: Exchange) -> bytes | None:
    """The request's body, or None if it is larger than `BODY_BYTES`. It is read to its end in both
    cases.

    Some clients fail if the answer comes before the end of the request.
    """
    declared = scope.headers.get("content-length") or ""
    if declared.isascii() and declared.isdigit() and int(declared) <= BODY_BYTES:
        return await exchange()
    chunks: list[bytes] = []
    size = 0
    async for chunk in exchange:
        size += len(chunk)
        if size <= BODY_BYTES:
            chunks.append(bytes(chunk))
    return b"".join(chunks) if size <= BODY_BYTES else None


def _answer(exchange: Exchange, reply: Reply) -> None:
    exchange.response_bytes(reply.status, list(reply.headers), reply.body)


async def _answer_half(exchange: Exchange, reply: Reply) -> None:
    """Announce the full length of an answer, and send only half of it."""
    length = ("content-length", str(len(reply.body)))
    body = exchange.response_stream(reply.status, [*reply.headers, length])
    await body.send_bytes(reply.body[: len(reply.body) // 2])
