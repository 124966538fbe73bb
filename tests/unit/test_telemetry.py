"""The metrics and the spans, before and after somebody listens."""

import sys

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import CollectorRegistry

from rekindle.errors import StatementTooSlow
from rekindle.telemetry import measures, spans


@pytest.fixture
def exported(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    """The spans of a host's provider."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: provider)
    return exporter


def test_a_metric_that_nobody_reads_is_not_counted() -> None:
    measures.SENDS.add(scenario="a", outcome="accepted", reason="")
    measures.SEND_SECONDS.observe(1, dispatcher="fcm")
    measures.WORKERS.set(1)
    measures.WORKERS.forget()
    assert not measures.published()


def test_a_published_metric_counts_by_its_labels_from_zero(registry: CollectorRegistry) -> None:
    labels = {"scenario": "a", "outcome": "refused", "reason": "unregistered"}
    measures.SENDS.add(**labels)
    measures.SENDS.add(2, reason="unregistered", outcome="refused", scenario="a")
    assert registry.get_sample_value("rekindle_sends_total", labels) == 3
    another = CollectorRegistry()
    measures.publish(another)
    measures.SENDS.add(**labels)
    assert (registry.get_sample_value("rekindle_sends_total", labels), measures.published()) == (3, True)
    assert another.get_sample_value("rekindle_sends_total", labels) == 1


def test_what_an_alert_looks_for_is_there_from_zero(registry: CollectorRegistry) -> None:
    """Prometheus sees no increase in a series that begins at 1."""
    assert registry.get_sample_value("rekindle_runs_total", {"status": "halted"}) == 0
    assert registry.get_sample_value("rekindle_run_faults_total", {"code": "RK402"}) == 0


def test_a_gauge_that_is_not_known_is_not_a_number(registry: CollectorRegistry) -> None:
    measures.QUEUE_UNITS.set(7, state="waiting")
    measures.QUEUE_UNITS.forget()
    assert str(registry.get_sample_value("rekindle_queue_units", {"state": "waiting"})) == "nan"


def test_names_have_their_prefix_their_unit_and_labels_of_few_values() -> None:
    known = {"scenario", "outcome", "reason", "stage", "dispatcher", "route", "status", "state", "code", "version"}
    assert len({one.name for one in measures.METRICS}) == len(measures.METRICS)
    for one in measures.METRICS:
        assert one.name.startswith("rekindle_")
        assert one.name.endswith("_total") == (one.kind == "counter")
        assert one.name.endswith("_seconds") or one.kind != "histogram"
        assert set(one.labels) <= known, one.name


def test_without_a_provider_a_span_does_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    with spans.span("run", scenario="a") as one:
        one.set(claimed=1)
        one.failed("RK201")
    assert (spans.trace_ids(), spans.traceparent(), spans.parent_of(b"00-x")) == ({}, None, None)
    monkeypatch.delitem(sys.modules, "opentelemetry.trace")
    with spans.span("run"):
        assert spans.trace_ids() == {}
    assert "opentelemetry.trace" not in sys.modules


def test_a_host_s_provider_gets_the_spans_with_their_parents_links_and_codes(exported: InMemorySpanExporter) -> None:
    with spans.span("tick", key="tick:a") as tick:
        tick.set(nothing=None, claimed=3)
        header = spans.traceparent()
        ids = spans.trace_ids()
        sent = spans.SendSpans().ended(0.5, scenario="a")
        with spans.span("record", links=[sent, None]), pytest.raises(StatementTooSlow), spans.span("claim"):
            raise StatementTooSlow("c4n4ry")
    send, claim, record, root = exported.get_finished_spans()
    assert [one.name for one in (send, claim, record, root)] == ["send", "claim", "record", "tick"]
    assert send.parent == record.parent == root.context
    assert [link.context for link in record.links] == [send.context]
    assert dict(root.attributes or {}) == {"rekindle.key": "tick:a", "rekindle.claimed": 3}
    assert (send.end_time or 0) - (send.start_time or 0) == 500_000_000
    assert (claim.status.description, claim.events) == ("RK209", ())
    assert root.context is not None
    assert ids == {"trace_id": f"{root.context.trace_id:032x}", "span_id": f"{root.context.span_id:016x}"}
    assert header is not None
    assert header[:-2] == f"00-{ids['trace_id']}-{ids['span_id']}-"
    with spans.span("http.request", parent=spans.parent_of(header.encode())):
        pass
    last = exported.get_finished_spans()[-1]
    assert last.parent is not None
    assert (last.parent.trace_id, last.parent.span_id) == (root.context.trace_id, root.context.span_id)


@pytest.mark.parametrize("header", [None, b"", b"00-0-0-00", b"\xff\xfe", b"00-" + b"a" * 5_000])
def test_a_header_that_names_no_parent_begins_a_new_trace(exported: InMemorySpanExporter, header: bytes | None) -> None:
    with spans.span("http.request", parent=spans.parent_of(header)):
        pass
    (one,) = exported.get_finished_spans()
    assert one.parent is None


@pytest.mark.parametrize(("failed", "expected"), [(False, 20 + 199), (True, 20 + 80 + 199)])
def test_a_run_of_100_000_sends_has_a_few_hundred_spans(
    exported: InMemorySpanExporter, failed: bool, expected: int
) -> None:
    sends = spans.SendSpans()
    assert sum(sends.wants(failed=failed) for _ in range(100_000)) == expected
    assert not exported.get_finished_spans()
