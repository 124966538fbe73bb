"""A TLS server under the test's control, in place of FCM and of Google's token endpoint.

It speaks HTTP/2 or HTTP/1.1, counts requests, and fails on the wire in every way that a server can.
"""

import asyncio
import contextlib
import functools
import ipaddress
import json
import re
import socket
import ssl
import struct
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import DataReceived, RequestReceived, StreamEnded
from h2.settings import SettingCodes

from contract.fcm_cases import ERRORS
from rekindle.dispatchers.fcm.dispatcher import FcmDispatcher
from rekindle.errors import Disposition
from rekindle.model import Accepted, Message, Outcome, Refused, Uncertain

PROJECT = "programme-1"


@dataclass
class Reply:
    status: int = 200
    body: bytes = b'{"name": "projects/programme-1/messages/0:1"}'
    headers: dict[str, str] = field(default_factory=dict)


# In place of a reply: what the server does to the connection or the stream after a whole request.
HANG, CLOSE, RESET, CUT, REFUSE_STREAM, GO_AWAY = "hang", "close", "reset", "cut", "refuse_stream", "go_away"


@dataclass
class Request:
    path: str
    headers: dict[str, str]
    body: bytes = b""

    @property
    def message(self) -> dict[str, Any]:
        return json.loads(self.body)["message"]


def access_token(number: int) -> Reply:
    return Reply(body=json.dumps({"access_token": f"ya29.secret-{number}", "expires_in": 3599}).encode())


class Server:
    """`answer` and `token_answer` decide what happens to each request; `opened` counts the
    requests that were started."""

    def __init__(self, folder: Path, *, protocol: str = "h2", streams: int = 100, tls: bool = True) -> None:
        self.folder = folder
        self.protocol = protocol
        self.tls = tls
        self.streams = streams
        self.requests: list[Request] = []
        self.token_requests: list[Request] = []
        self.opened = 0
        self.connections = 0
        self.arrived = asyncio.Event()
        self.answer: Callable[[Request], Reply | str] = lambda _: Reply()
        self.token_answer: Callable[[Request], Reply | str] = lambda _: access_token(len(self.token_requests))
        self.token_gate = asyncio.Event()
        self.token_gate.set()

    async def start(self) -> None:
        context = None
        if self.tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificates(self.folder) / "server.pem")
            context.set_alpn_protocols([self.protocol])
        serve = self._http2 if self.protocol == "h2" else self._http1
        self._server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
        self._open: set[asyncio.StreamWriter] = set()
        self.url = f"{'https' if self.tls else 'http'}://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        self._server.close()
        for writer in list(self._open):
            writer.transport.abort()
        await self._server.wait_closed()
        while self._open:  # each connection's task removes itself as it ends
            await asyncio.sleep(0)

    async def _decide(self, request: Request) -> Reply | str:
        if request.path.endswith("/token"):
            self.token_requests.append(request)
            await self.token_gate.wait()
            return self.token_answer(request)
        if request.headers.get(":method") == "GET":
            return Reply(404, b"<!DOCTYPE html>")  # like FCM's front page
        self.requests.append(request)
        self.arrived.set()
        return self.answer(request)

    def _began(self, path: str) -> None:
        if path != "/" and not path.endswith("/token"):
            self.opened += 1

    async def _http2(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if isinstance(writer.get_extra_info("ssl_object"), ssl.SSLObject):
            chosen = writer.get_extra_info("ssl_object").selected_alpn_protocol()
            if chosen != "h2":  # Google's token client speaks HTTP/1.1
                await self._http1(reader, writer)
                return
        h2 = H2Connection(H2Configuration(client_side=False))
        h2.initiate_connection()
        h2.update_settings({SettingCodes.MAX_CONCURRENT_STREAMS: self.streams})
        writer.write(h2.data_to_send())
        begun: dict[int, Request] = {}
        with self._ending(writer):
            while block := await reader.read(65_536):
                for event in h2.receive_data(block):
                    if isinstance(event, RequestReceived):
                        headers = {k.decode(): v.decode() for k, v in event.headers}
                        begun[event.stream_id] = Request(headers[":path"], headers)
                        self._began(headers[":path"])
                    elif isinstance(event, DataReceived):
                        begun[event.stream_id].body += event.data
                        h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                    elif isinstance(event, StreamEnded):
                        reply = await self._decide(begun[event.stream_id])
                        self._reply2(h2, writer, event.stream_id, reply)
                if not writer.is_closing():
                    writer.write(h2.data_to_send())
                    await writer.drain()

    @contextlib.contextmanager
    def _ending(self, writer: asyncio.StreamWriter) -> Iterator[None]:
        self._open.add(writer)
        self.connections += 1
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                yield
        finally:
            self._open.discard(writer)
            writer.close()

    def _reply2(self, h2: H2Connection, writer: asyncio.StreamWriter, stream: int, reply: Reply | str) -> None:
        if isinstance(reply, Reply):
            h2.send_headers(stream, [(":status", str(reply.status)), *reply.headers.items()])
            for at in range(0, len(reply.body), 16_384):
                h2.send_data(stream, reply.body[at : at + 16_384])
            h2.end_stream(stream)
            return
        if reply == CUT:
            h2.send_headers(stream, [(":status", "200"), ("content-length", "45")])
            h2.send_data(stream, b'{"name": "proj')
        elif reply == REFUSE_STREAM:
            h2.reset_stream(stream, ErrorCodes.REFUSED_STREAM)
        elif reply == GO_AWAY:
            h2.close_connection(ErrorCodes.NO_ERROR, last_stream_id=stream - 2 if stream > 1 else 0)
        writer.write(h2.data_to_send())
        self._hang_up(writer, reply)

    async def _http1(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with self._ending(writer):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                first, *lines = head.strip().split("\r\n")
                if first.startswith("PRI * HTTP/2"):
                    return  # a client that only speaks HTTP/2
                headers = {k.lower(): v for k, v in (line.split(": ", 1) for line in lines)}
                self._began(first.split(" ")[1])
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                reply = await self._decide(Request(first.split(" ")[1], headers, body))
                if isinstance(reply, Reply):
                    extra = "".join(f"{k}: {v}\r\n" for k, v in reply.headers.items())
                    writer.write(f"HTTP/1.1 {reply.status} X\r\n{extra}".encode())
                    writer.write(b"Content-Length: %d\r\n\r\n" % len(reply.body) + reply.body)
                    await writer.drain()
                    continue
                if reply == CUT:
                    writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 45\r\n\r\n{"name": "proj')
                self._hang_up(writer, reply)

    def _hang_up(self, writer: asyncio.StreamWriter, how: str) -> None:
        if how in (CLOSE, CUT):
            writer.close()
        elif how == RESET:
            raw: socket.socket = writer.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()


@contextlib.asynccontextmanager
async def serving(folder: Path, **kwargs: Any) -> AsyncIterator[Server]:
    server = Server(folder, **kwargs)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


@contextlib.asynccontextmanager
async def dispatching(server: Server, **kwargs: Any) -> AsyncIterator[FcmDispatcher]:
    """An open dispatcher whose FCM and token endpoint are `server`."""
    dispatcher = FcmDispatcher(
        service_account(server), url=server.url, ca=certificates(server.folder) / "ca.pem", **kwargs
    )
    await dispatcher.open()
    try:
        yield dispatcher
    finally:
        await dispatcher.close()


def message(**changes: Any) -> Message:
    values: dict[str, Any] = {
        "claim_id": uuid.uuid4(),
        "idempotency_key": "5d" * 32,
        "user_id": uuid.uuid4(),
        "scenario_type": "inactivity",
        "target_kind": "token",
        "target": "device-token-canary",
        "title": "Title-canary",
        "body": "Body-canary",
    }
    return Message(**(values | changes))


def service_account(server: Server, **changes: Any) -> Path:
    path = server.folder / f"{uuid.uuid4()}.json"
    content = {
        "type": "service_account",
        "project_id": PROJECT,
        "private_key_id": "key-1",
        "private_key": private_key(),
        "client_email": f"push@{PROJECT}.iam.gserviceaccount.com",
        "client_id": "1",
        "token_uri": f"{server.url}/token",
    }
    path.write_text(json.dumps(content | changes))
    return path


@functools.cache
def private_key() -> str:
    key = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


def certificates(folder: Path) -> Path:
    """`ca.pem` and `server.pem` (certificate and key for 127.0.0.1) in `folder`, made once."""
    if (folder / "ca.pem").exists():
        return folder
    now = datetime.now(UTC)

    def certificate(name: str, subject_key: Any, issuer: str, issuer_key: Any, *, ca: bool) -> bytes:
        named = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, each)]) for each in (name, issuer)]
        address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
        builder = (
            x509.CertificateBuilder(named[1], named[0], subject_key.public_key(), x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        )
        return builder.sign(issuer_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    root, leaf = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    key = leaf.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "server.pem").write_bytes(certificate("server", leaf, "root", root, ca=False) + key)
    (folder / "ca.pem").write_bytes(certificate("root", root, "root", root, ca=True))
    return folder


def error_cases() -> list[dict[str, Any]]:
    """The error cases that are an answer of `messages:send`, with the dates in Retry-After
    filled in."""
    return [case for case in ERRORS if case["status"] is not None and not case["id"].startswith("token_")]


def as_reply(case: dict[str, Any], now: datetime) -> Reply:
    def dated(found: re.Match[str]) -> str:
        return (now + timedelta(seconds=int(found[1]))).strftime("%a, %d %b %Y %H:%M:%S GMT")

    headers = {
        name.lower(): re.sub(r"<now([+-]\d+)s as IMF-fixdate>", dated, value) for name, value in case["headers"].items()
    }
    body = case["body"] if isinstance(case["body"], str) else json.dumps(case["body"])
    return Reply(case["status"], body.encode(), headers)


EXPECTED = {  # expected_code of a case -> what the engine is told
    "UNREGISTERED": (Disposition.PRUNE, "unregistered"),
    "INVALID_REGISTRATION_TOKEN": (Disposition.PRUNE, "invalid_token"),
    "SENDER_ID_MISMATCH": (Disposition.PRUNE, "sender_id_mismatch"),
    "INVALID_ARGUMENT": (Disposition.DROP, "invalid_argument"),
    "NOT_FOUND": (Disposition.DROP, "not_found"),
    "THIRD_PARTY_AUTH_ERROR": (Disposition.RETRY, "third_party_auth"),
    "QUOTA_EXCEEDED": (Disposition.RETRY, "quota_exceeded"),
    "UNAUTHENTICATED": (Disposition.HALT, "unauthenticated"),
    "PERMISSION_DENIED": (Disposition.HALT, "permission_denied"),
    "UNAVAILABLE": "unavailable",
    "INTERNAL": "internal",
    "DEADLINE_EXCEEDED": "timeout",
    "UNKNOWN": "garbled_answer",
}


def assert_as_expected(case: dict[str, Any], outcome: Outcome) -> None:
    if case["outcome"] == "accepted":
        assert outcome == Accepted(case["body"]["name"])
        return
    if case["outcome"] == "not_sent":  # the fake name of a message that was only validated
        assert outcome == Refused(Disposition.DROP, "validated_only")
        return
    if case["outcome"] == "unknown":
        assert outcome == Uncertain(EXPECTED[case["expected_code"]])
        return
    assert isinstance(outcome, Refused)
    assert (outcome.disposition, outcome.reason) == EXPECTED[case["expected_code"]]
    assert (outcome.disposition is Disposition.PRUNE) == (case["token_action"] == "disable")
    if "retry_delay_s" in case:
        assert outcome.retry_after == case["retry_delay_s"]
