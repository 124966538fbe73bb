"""The checks before every route: the actor, the size and the time limit of a body. It also handles
unexpected errors and logs one line per request."""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rekindle.access import Actor
from rekindle.api.access import Headers
from rekindle.api.problems import problem
from rekindle.errors import RekindleError, RequestMalformed, RequestTooLarge, RequestTooSlow
from rekindle.log import log
from rekindle.telemetry import measures
from rekindle.telemetry.spans import Parent, parent_of, span

MAX_BODY_BYTES = 65_536
BODY_SECONDS = 10.0
SEND_SECONDS = 30.0
"""How long a client may take nothing of its answer. Otherwise one that never reads would keep what
its request uses for ever, such as a connection to the database."""

_METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})
_POLICY = b"default-src 'none'; frame-ancestors 'none'"
_OUR_HEADERS = [
    (b"cache-control", b"no-store"),
    (b"referrer-policy", b"same-origin"),
    (b"x-content-type-options", b"nosniff"),
    (b"server", b"rekindle"),  # else the server names itself
]


class _NotTaken(Exception):
    """The client takes nothing of its answer."""


class Admits(Protocol):
    """Finds the actor of a request."""

    async def admit(self, headers: Headers, hosts: Sequence[bytes]) -> Actor:
        """See `rekindle.api.access.Access.admit`."""
        ...


class Entrance:
    """An application that knows the actor of each request, except on the `free` paths. The state of
    the request has it as `actor`.

    Args:
        policy: the Content-Security-Policy of every answer.
        refused: the answer that describes an error.
    """

    def __init__(
        self,
        app: ASGIApp,
        access: Admits,
        *,
        free: Iterable[str],
        policy: bytes = _POLICY,
        refused: Callable[[Scope, RekindleError], Response] = lambda _, fault: problem(fault),
    ) -> None:
        self._app = app
        self._access = access
        self._free = frozenset(free)
        self._headers = [*_OUR_HEADERS, (b"content-security-policy", policy)]
        self._refused = refused

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request in any case, and log one line without any content of the request."""
        started = time.monotonic()
        method = scope["method"]
        if method == "HEAD":
            scope["method"] = "GET"  # the server leaves out the body
        statuses: list[int] = []

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])
                message["headers"] = [*message.get("headers", []), *self._headers]
            try:
                async with asyncio.timeout(SEND_SECONDS):  # mutant: deaf-client
                    await send(message)
            except TimeoutError:
                raise _NotTaken from None

        try:
            hosts = _hosts(scope)
            if scope["path"] not in self._free:
                actor = await self._access.admit(scope["headers"], hosts)
                scope["state"] = {**scope.get("state", {}), "actor": actor}
            if len(hosts) != 1 and scope["http_version"] not in ("1", "1.0"):
                raise RequestMalformed("the request needs one Host header")
            body = await _body(scope, receive)
            if body is not None:
                with span("http.request", parent=_caller(scope), method=_method(method)) as answering:
                    await self._app(scope, _given(body, receive), sending)
                    answering.set(route=_route(scope), status=statuses[0] if statuses else 0)
        except RekindleError as fault:
            if not statuses:
                await self._refused(scope, fault)(scope, receive, sending)
        except _NotTaken:
            pass  # the server closes the connection, because the answer is not complete
        except Exception as fault:
            # The last handler. The message may quote anything, so it is not logged.
            log.error("http.failed", kind=type(fault).__name__)
            if not statuses:
                await self._refused(scope, RekindleError(hint="Read the log."))(scope, receive, sending)
        status = statuses[0] if statuses else 0  # 0: the client disconnected before the answer
        seconds = time.monotonic() - started
        measures.HTTP_REQUESTS.add(route=_route(scope), status=str(status))
        measures.HTTP_SECONDS.observe(seconds, route=_route(scope))
        write = log.warning if status == 401 or status >= 500 else log.info
        write(
            "http.request",
            method=_method(method),
            route=_route(scope),
            status=status,
            milliseconds=round(seconds * 1000, 1),
        )


def _method(said: str) -> str:
    return said if said in _METHODS else "-"


def _route(scope: Scope) -> str:
    """The path of the route as it is declared, without the ids of the request."""
    return getattr(scope.get("route"), "path", "-")


def _caller(scope: Scope) -> Parent:
    """The span of the caller, if the request names one."""
    return parent_of(next((value for name, value in scope["headers"] if name == b"traceparent"), None))


def _hosts(scope: Scope) -> list[bytes]:
    """What the request names as its host. The server adds an empty one if there is none."""
    return [value for name, value in scope["headers"] if name == b"host" and value]


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
