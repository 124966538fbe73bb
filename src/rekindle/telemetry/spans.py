"""Spans, from the tick to the send. They go to the OpenTelemetry provider of this process: the one
that a host program has set, or the one that `otlp` sets for a command.

Rekindle imports nothing of OpenTelemetry here. If nobody in the process has, there is no provider,
and a span costs a look-up in a dictionary. A span has the ids of runs and claims, names of
scenarios and numbers. It never has a person, a token, or the text of a push or of an error.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from rekindle.telemetry.measures import STAGE_SECONDS

Link = Any
"""The identity of a span, for `links`; None: there was no span."""

Parent = Any
"""A span of another process, for `parent`; None: there is none."""

FIRST_SENDS = 20
"""Of each run, this many sends have a span, and after them one of `EVERY_SEND`."""
EVERY_SEND = 500
FAILED_SENDS = 100
"""Of each run, this many sends that were not accepted have a span, too. With 100,000 recipients, a
run has 320 spans of sends at most."""


class Span:
    """A span under way. Without a provider, nothing happens."""

    def __init__(self, recording: Any = None) -> None:
        self._recording = recording

    def set(self, **attributes: object) -> None:
        """Add attributes."""
        if self._recording is not None:
            self._recording.set_attributes(_named(attributes))

    def failed(self, code: str) -> None:
        """The work of the span failed, with this code."""
        if self._recording is not None:
            trace = sys.modules["opentelemetry.trace"]
            self._recording.set_status(trace.Status(trace.StatusCode.ERROR, code))


_NONE = Span()


@contextmanager
def span(name: str, *, links: Sequence[Link] = (), parent: Parent = None, **attributes: object) -> Generator[Span]:
    """The block is a span below the current one, or below `parent`. An exception is noted by its
    code or its kind, without its text."""
    tracer = _tracer()
    if tracer is None:
        yield _NONE
        return
    trace = sys.modules["opentelemetry.trace"]
    with tracer.start_as_current_span(
        name,
        context=parent,
        attributes=_named(attributes),
        links=[trace.Link(one) for one in links if one is not None],
        # It would quote the text of the error, and the traceback.
        record_exception=False,  # mutant: span-without-text
        set_status_on_exception=False,
    ) as recording:
        try:
            yield Span(recording)
        except Exception as fault:
            Span(recording).failed(str(getattr(fault, "code", type(fault).__name__)))
            raise


@contextmanager
def stage(name: str) -> Generator[Span]:
    """The block is a stage of a run: it has a span, and its time is measured."""
    started = time.monotonic()
    try:
        with span(name) as under_way:
            yield under_way
    finally:
        STAGE_SECONDS.observe(time.monotonic() - started, stage=name)


class SendSpans:
    """The spans of one run's sends: of the first ones, of a few others, and of those that were not
    accepted."""

    def __init__(self) -> None:
        self._sends = 0
        self._failures = 0

    def wants(self, *, failed: bool) -> bool:
        """Count a send that has ended. Whether it gets a span."""
        if _tracer() is None:
            return False
        number, self._sends = self._sends, self._sends + 1
        self._failures += failed
        first = number < FIRST_SENDS or (failed and self._failures <= FAILED_SENDS)
        return first or number % EVERY_SEND == 0  # mutant: sends-are-sampled

    @staticmethod
    def ended(seconds: float, **attributes: object) -> Link:
        """The span of a send that took `seconds` and has just ended."""
        tracer = _tracer()
        if tracer is None:
            return None
        now = time.time_ns()
        sent = tracer.start_span("send", start_time=now - int(seconds * 1e9), attributes=_named(attributes))
        sent.end(now)
        return sent.get_span_context()


def trace_ids() -> dict[str, str]:
    """`trace_id` and `span_id` of the current span, in hexadecimal; empty: there is none."""
    current = _current()
    if current is None:
        return {}
    return {"trace_id": f"{current.trace_id:032x}", "span_id": f"{current.span_id:016x}"}


def traceparent() -> str | None:
    """The header `traceparent` for a request of the current span."""
    current = _current()
    if current is None:
        return None
    return f"00-{current.trace_id:032x}-{current.span_id:016x}-{int(current.trace_flags):02x}"


def parent_of(header: bytes | None) -> Parent:
    """The parent that a header `traceparent` names, for `span`. None: there is no valid one, or no
    provider."""
    if header is None or _tracer() is None:
        return None
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    return TraceContextTextMapPropagator().extract({"traceparent": header.decode("latin-1")})


_of_provider: tuple[Any, Any] = (None, None)


def _tracer() -> Any:
    global _of_provider
    trace = sys.modules.get("opentelemetry.trace")
    if trace is None:
        return None
    provider = trace.get_tracer_provider()
    known, tracer = _of_provider
    if provider is not known:
        none = isinstance(provider, trace.ProxyTracerProvider)  # nobody has set one
        tracer = None if none else provider.get_tracer("rekindle")
        _of_provider = (provider, tracer)
    return tracer


def _current() -> Any:
    if _tracer() is None:
        return None
    current = sys.modules["opentelemetry.trace"].get_current_span().get_span_context()
    return current if current.is_valid else None


def _named(attributes: dict[str, object]) -> dict[str, object]:
    return {
        f"rekindle.{name}": str(value) if isinstance(value, UUID) else value
        for name, value in attributes.items()
        if value is not None
    }
