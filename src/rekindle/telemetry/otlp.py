"""Sends spans to a collector by OTLP over HTTP, as the standard variables of OpenTelemetry say.

A collector that is gone, refuses or hangs costs a run nothing: spans are sent by a thread, wait in
a queue of 2,048, and are dropped when it is full.
"""

import threading
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from rekindle.log import log

FLUSH_SECONDS = 2.0
"""How long the last spans may take at the end of a command."""


@contextmanager
def traced(*, asked: bool, protocol: str | None, version: str) -> Generator[None]:
    """Send the spans of the block, if that is asked for. Only for a command: a host program sets
    its own provider.

    If it cannot be done, one warning says why, and the block runs without.
    """
    provider = _provider(protocol, version) if asked else None
    try:
        yield
    finally:
        if provider is not None:
            # The provider waits for its exporter, which may hang. The process does not.
            ending = threading.Thread(target=provider.shutdown, name="rekindle-traces", daemon=True)
            ending.start()
            ending.join(FLUSH_SECONDS)  # mutant: traces-end


def _provider(protocol: str | None, version: str) -> Any:
    if protocol not in (None, "http/protobuf"):
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
