"""the sandbox's intended failures: rules that clients set. The first rule that matches a request
applies."""

import json
import re
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from rekindle.sandbox.replies import HTML, JSON, Reply

MAX_DELAY_MS = 600_000
Conduct = Literal["hang", "reset", "reset_after_accept", "accept_then_503", "cut_body"]
PathName = Literal["send", "token"]
_CONDUCTS: tuple[Conduct, ...] = ("hang", "reset", "reset_after_accept", "accept_then_503", "cut_body")
_OF_TOKEN: tuple[Conduct, ...] = ("hang", "reset")
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}", re.ASCII)
_HEADER_VALUE = re.compile(r"[\x20-\x7e]{0,1000}", re.ASCII)
_OWN_HEADERS = ("connection", "content-length", "transfer-encoding", "upgrade", "keep-alive", "te", "trailer")

Json = dict[str, Any]


class FaultInvalid(ValueError):
    """A fault that is not valid. The message is one line for the client that sent it."""


@dataclass(slots=True)
class Fault:
    """One rule. At most one of `conduct` and `reply` is set. With neither, the request continues
    after the delay."""

    source: Json
    path: PathName
    target: str | None
    times: int | None
    delay_ms: int = 0
    conduct: Conduct | None = None
    reply: Reply | None = None
    hits: int = field(default=0)

    def fits(self, path: PathName, target: str) -> bool:
        """Whether this rule matches the request and is not used up."""
        if self.path != path or (self.times is not None and self.hits >= self.times):
            return False
        if self.target is None:
            return True
        if self.target.endswith("*"):
            return target.startswith(self.target[:-1])
        return target == self.target


class Faults:
    """The current rules, in the given order. Used on the event loop only."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def put(self, body: bytes) -> None:
        """Replace every rule, with hits counted from 0. If one rule is not valid, nothing changes.

        Raises:
            FaultInvalid: the first mistake.
        """
        try:
            rules: Any = json.loads(body)
        except (ValueError, RecursionError):
            raise FaultInvalid("the body is not JSON") from None
        if not isinstance(rules, list):
            raise FaultInvalid("the body must be a list of faults")
        self._faults = [_fault(rule, f"fault {n}") for n, rule in enumerate(cast("list[Any]", rules), 1)]

    def take(self, path: PathName, target: str) -> Fault | None:
        """The first rule that matches; counts a hit."""
        for fault in self._faults:
            if fault.fits(path, target):
                fault.hits += 1
                return fault
        return None

    def listing(self) -> list[Json]:
        """The rules as given, each with its `hits`."""
        return [{**fault.source, "hits": fault.hits} for fault in self._faults]


def _fault(rule: Any, where: str) -> Fault:
    source = _object(rule, where, ("match", "times", "respond", "hits"))
    source.pop("hits", None)  # the answer of GET may be sent with PUT
    if "respond" not in source:
        raise FaultInvalid(f"{where}: respond is missing")
    match = _object(source.get("match", {}), f"{where}: match", ("target", "path"))
    path = match.get("path", "send")
    if path not in ("send", "token"):
        raise FaultInvalid(f'{where}: match.path must be "send" or "token"')
    target = match.get("target")
    if target is not None and (not isinstance(target, str) or not target):
        raise FaultInvalid(f"{where}: match.target must be a non-empty string")
    if target is not None and path == "token":
        raise FaultInvalid(f"{where}: a token request has no target")
    times = source.get("times")
    if times is not None and (type(times) is not int or times < 1):
        raise FaultInvalid(f"{where}: times must be a whole number from 1, or null for always")
    fault = Fault(source, path, target, times)
    respond = source["respond"]
    if isinstance(respond, str):
        allowed = _OF_TOKEN if path == "token" else _CONDUCTS
        if respond not in allowed:
            raise FaultInvalid(f"{where}: respond must be an object or one of {', '.join(allowed)}")
        fault.conduct = respond
        return fault
    response = _object(respond, f"{where}: respond", ("status", "headers", "body", "delay_ms"))
    fault.delay_ms = _delay(response, where)
    if "status" in response:
        fault.reply = _reply(response, where)
    elif set(response) != {"delay_ms"}:
        raise FaultInvalid(f"{where}: respond needs a status or a delay_ms")
    return fault


def _object(value: Any, where: str, names: tuple[str, ...]) -> Json:
    if not isinstance(value, dict):
        raise FaultInvalid(f"{where} must be an object")
    known = cast("Json", value)
    unknown = sorted(set(known) - set(names))
    if unknown:
        raise FaultInvalid(f"{where}: unknown key {unknown[0]!r}; known are {', '.join(names)}")
    return dict(known)


def _delay(response: Json, where: str) -> int:
    delay = response.get("delay_ms", 0)
    if type(delay) is not int or not 0 <= delay <= MAX_DELAY_MS:
        raise FaultInvalid(f"{where}: delay_ms must be a whole number from 0 to {MAX_DELAY_MS}")
    return delay


def _reply(response: Json, where: str) -> Reply:
    status, body = response["status"], response.get("body")
    given: Any = response.get("headers", {})
    if type(status) is not int or not 200 <= status <= 599:
        raise FaultInvalid(f"{where}: status must be a whole number from 200 to 599")
    if not isinstance(given, dict):
        raise FaultInvalid(f"{where}: headers must be an object of strings")
    headers: list[tuple[str, str]] = []
    for name, value in cast("Json", given).items():
        if not _HEADER_NAME.fullmatch(name) or not isinstance(value, str) or not _HEADER_VALUE.fullmatch(value):
            raise FaultInvalid(f"{where}: header {name!r} is not a valid header")
        if name.lower() in _OWN_HEADERS:
            raise FaultInvalid(f"{where}: header {name!r} is set by the server")
        headers.append((name.lower(), value))
    if not any(name == "content-type" for name, _ in headers) and body is not None:
        headers.append(HTML if isinstance(body, str) else JSON)
    if body is None:
        content = b""
    elif isinstance(body, str):
        content = body.encode(errors="replace")
    else:
        content = json.dumps(body).encode()
    return Reply(status, content, tuple(headers))
