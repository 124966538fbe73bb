"""An OpenTelemetry collector: a server that takes spans by OTLP over HTTP and decodes them."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


class Collector(ThreadingHTTPServer):
    """The spans that came, as protobuf messages, and each request's body. With `hangs` set, it
    never answers."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.spans: list[Any] = []
        self.resources: list[dict[str, str]] = []
        self.bodies: list[bytes] = []
        self.hangs = False
        self.released = threading.Event()

    @property
    def url(self) -> str:
        """The value of OTEL_EXPORTER_OTLP_ENDPOINT."""
        return f"http://127.0.0.1:{self.server_port}"

    def named(self, name: str) -> list[Any]:
        """The spans of a name, in the order of their beginning."""
        return sorted((one for one in self.spans if one.name == name), key=lambda one: one.start_time_unix_nano)

    def take(self, body: bytes) -> None:
        """Decode one request."""
        self.bodies.append(body)
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            self.resources.append({one.key: one.value.string_value for one in resource.resource.attributes})
            for scope in resource.scope_spans:
                self.spans += scope.spans


class _Handler(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.server.hangs:
            self.server.released.wait(200)
            return
        assert self.path == "/v1/traces"
        self.server.take(body)
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@contextmanager
def collecting() -> Iterator[Collector]:
    """A collector that listens."""
    collector = Collector()
    thread = threading.Thread(target=collector.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield collector
    finally:
        collector.released.set()
        collector.shutdown()
        collector.server_close()


def attributes(span: Any) -> dict[str, Any]:
    """A span's attributes, without their prefix."""
    found: dict[str, Any] = {}
    for one in span.attributes:
        found[one.key.removeprefix("rekindle.")] = getattr(one.value, one.value.WhichOneof("value"))
    return found
