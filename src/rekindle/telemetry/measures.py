"""Every metric. They are counted for Prometheus once `publish` has given them a registry. Until
then a call returns at once (0.1 µs, measured).

A label has few values: the name of a scenario, or a word of ours. Never a person, an organisation,
a token or a text.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

METRICS: list[Metric] = []
"""Every metric, in the order of the reference."""


class Metric:
    """A name, what it means, and the names of its labels. Safe in any thread."""

    kind: ClassVar[Literal["counter", "gauge", "histogram"]]

    def __init__(
        self,
        name: str,
        meaning: str,
        *labels: str,
        buckets: Sequence[float] = (),
        from_zero: Sequence[str] = (),
    ) -> None:
        self.name = name
        self.meaning = meaning
        self.labels = labels
        self.buckets = buckets
        # Values of the one label whose series are there from the beginning: Prometheus sees no
        # increase in a series that begins at 1, so an alert would miss the first time.
        self.from_zero = from_zero
        self._live: Any = None
        self._series: dict[tuple[str, ...], Any] = {}
        METRICS.append(self)

    def _of(self, labels: dict[str, str]) -> Any:
        # Without this, prometheus-client would check and lock on each look-up.
        values = tuple([labels[name] for name in self.labels])
        series = self._series.get(values)
        if series is None:
            series = self._live.labels(*values) if values else self._live
            self._series[values] = series
        return series

    def publish(self, registry: CollectorRegistry) -> None:
        """Count for this registry, from 0, and for no other."""
        import prometheus_client

        self._series = {}
        more = {"buckets": self.buckets} if self.kind == "histogram" else {}
        kinds: dict[str, Any] = {
            "counter": prometheus_client.Counter,
            "gauge": prometheus_client.Gauge,
            "histogram": prometheus_client.Histogram,
        }
        self._live = kinds[self.kind](self.name, self.meaning, self.labels, registry=registry, **more)
        for value in self.from_zero:
            self._live.labels(value)

    def withdraw(self) -> None:
        """Count for nobody."""
        self._live, self._series = None, {}


class Counter(Metric):
    """Only grows while the process lives."""

    kind = "counter"

    def add(self, amount: float = 1, **labels: str) -> None:
        """Count something that happened."""
        if self._live is not None:
            self._of(labels).inc(amount)


class Gauge(Metric):
    """A number that goes up and down."""

    kind = "gauge"

    def set(self, value: float, **labels: str) -> None:
        """The number is this now."""
        if self._live is not None:
            self._of(labels).set(value)

    def add(self, amount: float, **labels: str) -> None:
        """The number has changed by this."""
        if self._live is not None:
            self._of(labels).inc(amount)

    def forget(self) -> None:
        """The number is not known: NaN, with which no comparison is true."""
        if self._live is not None:
            for series in list(self._series.values()) or ([] if self.labels else [self._live]):
                series.set(math.nan)


class Histogram(Metric):
    """How often something took how long, in seconds."""

    kind = "histogram"

    def observe(self, seconds: float, **labels: str) -> None:
        """Something took this long."""
        if self._live is not None:
            self._of(labels).observe(seconds)


def publish(registry: CollectorRegistry) -> None:
    """Count every metric for this registry of prometheus-client from now on. A host that has
    Rekindle as a library may pass its own."""
    for metric in METRICS:
        metric.publish(registry)


def withdraw() -> None:
    """Count nothing any more."""
    for metric in METRICS:
        metric.withdraw()


def published() -> bool:
    """Whether anybody counts."""
    return METRICS[0]._live is not None  # pyright: ignore[reportPrivateUsage]


# FCM answers in 100 to 200 ms, slowly in a second, and is given up after 10 s by default.
_ANSWERS = (0.025, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1, 2, 5, 10, 30)
_STEPS = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 300)
_DELAYS = (1, 2, 5, 10, 30, 60, 120, 300, 600, 1_800, 3_600, 21_600)
_REQUESTS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)

RUNS = Counter(
    "rekindle_runs_total",
    "Runs that reported their end, by status.",
    "status",
    from_zero=("done", "budget", "incomplete", "halted", "not_started"),
)
RUN_FAULTS = Counter(
    "rekindle_run_faults_total",
    "Faults that ended a run or one of its scenarios.",
    "code",
    from_zero=("RK401", "RK402", "RK404"),
)
LAST_RUN_AT = Gauge(
    "rekindle_last_run_timestamp_seconds", "When the latest run of this process reported its end; 0: none."
)
RUN_SECONDS = Histogram("rekindle_run_duration_seconds", "How long a run took.", buckets=_STEPS)
STAGE_SECONDS = Histogram("rekindle_stage_duration_seconds", "How long a stage took.", "stage", buckets=_STEPS)
CLAIM_SECONDS = Histogram(
    "rekindle_claim_duration_seconds", "How long it took to evaluate and claim a scenario.", "scenario", buckets=_STEPS
)
PEOPLE_EVALUATED = Counter(
    "rekindle_people_evaluated_total",
    "People that a run evaluated, by outcome (not_due, refused, claimed) and the reason of a refusal.",
    "scenario",
    "outcome",
    "reason",
)
PEOPLE_ENDED = Counter(
    "rekindle_people_ended_total",
    "People whose claim ended in a run, by outcome (recorded, held_out, skipped, dead, unknown) and reason.",
    "scenario",
    "outcome",
    "reason",
)
SENDS = Counter(
    "rekindle_sends_total",
    "Answers to sends, one per device, by outcome (accepted, refused, uncertain) and reason.",
    "scenario",
    "outcome",
    "reason",
)
SEND_SECONDS = Histogram(
    "rekindle_send_duration_seconds", "From the request to its answer.", "dispatcher", buckets=_ANSWERS
)
SENDS_IN_FLIGHT = Gauge("rekindle_sends_in_flight", "Sends without an answer yet.")
RECORD_SECONDS = Histogram(
    "rekindle_armed_to_recorded_seconds", "From the arming of a send until its answer was written.", buckets=_ANSWERS
)
BREAKER_OPEN = Gauge("rekindle_breaker_open", "1: the breaker halted the latest run of this process.")
BREAKER_TRIPS = Counter("rekindle_breaker_trips_total", "How often the breaker halted a run.", "reason")
TICK_DELAY_SECONDS = Histogram(
    "rekindle_tick_delay_seconds", "From the instant of a schedule until it was begun.", buckets=_DELAYS
)
TICKS_SKIPPED = Counter("rekindle_ticks_skipped_total", "Instants that were missed and not caught up.", "scenario")
HTTP_REQUESTS = Counter("rekindle_http_requests_total", "Requests to the HTTP API.", "route", "status")
HTTP_SECONDS = Histogram(
    "rekindle_http_request_duration_seconds", "How long a request took.", "route", buckets=_REQUESTS
)
LEDGER_UP = Gauge("rekindle_ledger_up", "1: the database answered when the gauges of the ledger were read.")
QUEUE_UNITS = Gauge("rekindle_queue_units", "Live units in the ledger, by state (waiting, armed, unknown).", "state")
QUEUE_AGE_SECONDS = Gauge(
    "rekindle_queue_oldest_age_seconds", "How long the oldest unit waits that may be sent now; 0: none."
)
UNKNOWN_SENDS = Gauge("rekindle_unknown_sends", "Sends of the last 24 hours whose outcome is not known.")
DISABLED_TOKENS = Gauge("rekindle_disabled_tokens", "Device tokens that were disabled in the last 24 hours.")
HALTED_RUNS = Gauge("rekindle_halted_runs", "Runs of the last 24 hours that stopped for an operator.")
WORKERS = Gauge("rekindle_workers", "Workers that are alive.")
SCHEDULES = Gauge("rekindle_schedules", "Schedules, by state (ok, waiting, failed, overdue).", "state")
LAST_TICK_AT = Gauge("rekindle_last_tick_timestamp_seconds", "The newest instant that was begun; 0: none.")
CONNECTIONS = Gauge("rekindle_database_connections", "Connections of the pool, by state (idle, busy).", "state")
CONNECTIONS_WAITED_FOR = Gauge("rekindle_database_requests_waiting", "Statements that wait for a connection.")
BUILD = Gauge("rekindle_build_info", "1, with the release and the dispatcher.", "version", "dispatcher")
