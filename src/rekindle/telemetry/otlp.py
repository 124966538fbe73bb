"""Sends spans to a collector by OTLP over HTTP, as the standard variables of OpenTelemetry say.

A collector that is gone, refuses or hangs costs a run nothing: spans are sent by a thread, wait in
a queue of 2,048, and are dropped when it is full.
"""

import os
import threading
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from rekindle.log import log

FLUSH_SECONDS = 2.0
"""How long the last spans may take at the end of a command."""

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")


@contextmanager
def traced(version: str) -> Generator[None]:
    """Send the spans of the block, if the environment names an endpoint. Only for a command: a host
    program sets its own provider.

    If it cannot be done, one warning says why, and the block runs without.
    """
    provider = _provider(version)
    try:
        yield
    finally:
        if provider is not None:
            # The provider waits for its exporter, which may hang. The process does not wait for this thread.
            ending = threading.Thread(target=provider.shutdown, name="rekindle-traces", daemon=True)
            ending.start()
            ending.join(FLUSH_SECONDS)


def asked() -> bool:
    """Whether the environment asks for traces."""
    off = os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"
    exporter = os.environ.get("OTEL_TRACES_EXPORTER", "").strip().lower()
    endpoint = any(os.environ.get(name, "").strip() for name in _ENDPOINTS)
    return endpoint and not off and exporter in ("", "otlp")


def _provider(version: str) -> Any:
    if not asked():
        return None
    protocol = next((os.environ[name].strip() for name in _PROTOCOLS if os.environ.get(name, "").strip()), "")
    if protocol not in ("", "http/protobuf"):
        log.warning("traces.off", reason="protocol", hint="Set OTEL_EXPORTER_OTLP_PROTOCOL to http/protobuf.")
        return None
    try:
        from opentelemetry import trace
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        resource = Resource.create({"service.version": version})
        if str(resource.attributes.get("service.name", "")).startswith("unknown_service"):  # no variable names it
            resource = resource.merge(Resource({"service.name": "rekindle"}))
        provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        trace.set_tracer_provider(provider)
    except ImportError:
        log.warning("traces.off", reason="not_installed", hint='pip install "rekindle-push[telemetry]"')
        return None
    except Exception as fault:  # a variable that OpenTelemetry cannot use; its text may quote the value
        log.warning("traces.off", reason=type(fault).__name__, hint="Check the variables OTEL_….")
        return None
    return provider
