"""The checks before every route: the key, the size and the time limit of a body. It also handles
unexpected errors and logs one line per request."""

import asyncio
import time
from collections.abc import Iterable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rekindle.api.keys import Keys
from rekindle.api.problems import problem
from rekindle.errors import KeyRefused, RekindleError, RequestTooLarge, RequestTooSlow
from rekindle.log import log

MAX_BODY_BYTES = 65_536
BODY_SECONDS = 10.0

_METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})
_SAFE_HEADERS = [
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"x-content-type-options", b"nosniff"),
]
_LOOPBACK = frozenset({b"localhost", b"127.0.0.1", b"[::1]"})
_PROXIED = frozenset({b"forwarded", b"x-forwarded-for", b"x-forwarded-host"})


class Entrance:
    """An application that requires a key, except on the `free` paths.

    Without keys it serves this machine only. It rejects a request that came through a proxy or that
    names another host (DNS rebinding: a web page whose host name resolves to this machine), like a
    request with a wrong key.
    """

    def __init__(self, app: ASGIApp, *, keys: Keys | None, free: Iterable[str]) -> None:
        self._app = app
        self._keys = keys
        self._free = frozenset(free)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request in any case, and log one line without any content of the request."""
        started = time.monotonic()
        statuses: list[int] = []

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])
                message["headers"] = [*message.get("headers", []), *_SAFE_HEADERS]
            await send(message)

        try:
            if scope["path"] not in self._free and not self._admits(scope):
                raise KeyRefused(hint="Send the key as `Authorization: Bearer …` or as `apikey`.")
            body = await _body(scope, receive)
            if body is not None:
                await self._app(scope, _given(body, receive), sending)
        except RekindleError as fault:
            if not statuses:
                await problem(fault)(scope, receive, sending)
        except Exception as fault:
            # The last handler. The message may quote anything, so it is not logged.
            log.error("http.failed", kind=type(fault).__name__)
            if not statuses:
                await problem(RekindleError(hint="Read the log."))(scope, receive, sending)
        status = statuses[0] if statuses else 0  # 0: the client disconnected before the answer
        level = "warning" if status == 401 or status >= 500 else "info"
        getattr(log, level)(
            "http.request",
            method=scope["method"] if scope["method"] in _METHODS else "-",
            route=getattr(scope.get("route"), "path", "-"),
            status=status,
            milliseconds=round((time.monotonic() - started) * 1000, 1),
        )

    def _admits(self, scope: Scope) -> bool:
        headers: list[tuple[bytes, bytes]] = scope["headers"]
        if self._keys is not None:
            return self._keys.admit(headers)
        hosts = [_host(value) for name, value in headers if name == b"host"]
        return all(host in _LOOPBACK for host in hosts) and not any(name in _PROXIED for name, _ in headers)


def _host(value: bytes) -> bytes:
    """The host of a Host header, without its port."""
    name, _, port = value.lower().rpartition(b":")
    return name if port.isdigit() else value.lower()


async def _body(scope: Scope, receive: Receive) -> bytes | None:
    """The whole body, or None if the client disconnected.

    Raises:
        RequestTooLarge, RequestTooSlow: the rest of the body is not read.
    """
    said = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
    if not said.isdigit() or int(said[:20]) > MAX_BODY_BYTES:
        raise RequestTooLarge(f"the body has more than {MAX_BODY_BYTES:,} bytes")
    body = b""
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    return None
                body += message.get("body", b"")
                if len(body) > MAX_BODY_BYTES:
                    raise RequestTooLarge(f"the body has more than {MAX_BODY_BYTES:,} bytes")
                if not message.get("more_body", False):
                    return body
    except TimeoutError:
        raise RequestTooSlow(f"the body did not arrive within {BODY_SECONDS:g} s") from None


def _given(body: bytes, receive: Receive) -> Receive:
    """Receive the body first, then the messages that follow."""
    given = False

    async def receiving() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receiving
