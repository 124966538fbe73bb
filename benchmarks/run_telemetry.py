"""Measures what metrics and spans cost a run, in its share of the run's processor time.

It runs one cycle over the sample programme in this process, through the dispatcher `log`, whose
sends cost nothing. Then it repeats what the engine says about one send. All figures are processor
time of one process, so other load changes little.
"""

import argparse
import asyncio
import logging
import platform
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

from prometheus_client import CollectorRegistry

from rekindle.app import Engine
from rekindle.configuration import load_config
from rekindle.embedded import EmbeddedPostgres
from rekindle.engine.measured import Answer, count_answers, send_span
from rekindle.model import Accepted, Unit
from rekindle.postgres.migrate import migrate
from rekindle.postgres.pool import execute_all
from rekindle.sample import statements, write_init_files
from rekindle.settings import Settings
from rekindle.telemetry import measures
from rekindle.telemetry.spans import SendSpans

UNIT = Unit(UUID(int=1), UUID(int=2), 1, UUID(int=3), "milestone", 1, "key", "token", "target")
FORM = "{:<28}{:>10.2f} µs per send{:>9.2f} % of the run"


async def cycle(url: str, size: int, folder: Path) -> tuple[float, int]:
    """The processor seconds of one cycle, and its sends."""
    await migrate(url)
    await execute_all(url, [(step.sql, step.parameters) for step in statements(size, 1)])
    path = write_init_files(folder)[0]
    text = path.read_text(encoding="utf-8").replace('kind = "fcm"', 'kind = "log"')
    path.write_text(text.replace('budget = "30s"', 'budget = "600s"'), encoding="utf-8")
    async with Engine.open(Settings.model_validate({"REKINDLE_DATABASE_URL": url}), load_config(path)) as engine:
        await engine.apply()
        before = time.process_time()
        report = await engine.run(confirmed=size)
        return time.process_time() - before, sum(one.pushes for one in report.scenarios)


def per_send(times: int = 200) -> float:
    """The processor seconds of everything that is said about one send, in batches of 500."""
    spans = SendSpans()
    outcome = Accepted("name")

    def say(_: int) -> None:
        measures.SENDS_IN_FLIGHT.add(500)
        batch = [Answer(UNIT, outcome, 0.2, 0.1, send_span(spans, UNIT, outcome, 0.1)) for _ in range(500)]
        count_answers(batch, dispatcher="log")

    def nothing(_: int) -> None:
        [Answer(UNIT, outcome, 0.2, 0.1) for _ in range(500)]

    return (took(say, times) - took(nothing, times)) / 500


def took(call: Callable[[int], None], times: int) -> float:
    """The processor seconds of one call."""
    before = time.process_time()
    for number in range(times):
        call(number)
    return (time.process_time() - before) / times


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=10_000, help="mentors")
    size = parser.parse_args().size
    logging.getLogger("rekindle").setLevel(logging.WARNING)
    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres() as server:
        seconds, sends = asyncio.run(cycle(server.url, size, Path(folder)))
    share = seconds / max(1, sends)
    print(f"Python {platform.python_version()}: {sends:,} sends in {seconds:.2f} s of processor time")
    off = per_send()
    print(FORM.format("nobody listens", off * 1e6, 100 * off / share))
    measures.publish(CollectorRegistry())
    counted = per_send()
    print(FORM.format("metrics", counted * 1e6, 100 * counted / share))
    traced()
    both = per_send()
    print(FORM.format("metrics and spans", both * 1e6, 100 * both / share))


def traced() -> None:
    """Set a provider whose spans go to a collector that is not there."""
    from opentelemetry import trace
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(InMemorySpanExporter()))
    trace.set_tracer_provider(provider)


if __name__ == "__main__":
    main()
