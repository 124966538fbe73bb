"""The options and the life of metrics and traces, for the commands that run something."""

import asyncio
from collections.abc import AsyncGenerator, Generator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from rekindle.app import Engine, version
from rekindle.cli.options import settings
from rekindle.cli.output import say
from rekindle.errors import BadArgument, MetricsRefused, TelemetryMissing, install
from rekindle.log import log
from rekindle.settings import Settings, TraceSettings
from rekindle.telemetry import measures, textfile
from rekindle.telemetry.otlp import traced

LOOPBACK = "127.0.0.1"

MetricsPort = Annotated[
    int | None,
    typer.Option(
        "--metrics-port",
        min=0,
        max=65_535,
        metavar="N",
        help="Port of metrics (REKINDLE_METRICS_PORT); 0: any.",
    ),
]
MetricsHost = Annotated[
    str | None,
    typer.Option(
        "--metrics-host", metavar="HOST", help="Address of metrics (REKINDLE_METRICS_HOST).", show_default=LOOPBACK
    ),
]
MetricsFile = Annotated[
    Path | None,
    typer.Option("--metrics-file", metavar="PATH", help="Add metrics to this file, for node_exporter."),
]


@asynccontextmanager
async def observed(engine: Engine, *, port: int | None, host: str | None) -> AsyncGenerator[None]:
    """Serve metrics while the block runs, if a port is given, and send its spans, if an endpoint
    is.

    Raises:
        TelemetryMissing: metrics are asked for, and a package for them is not installed.
        MetricsRefused, BadArgument: the port cannot be used.
    """
    environment = settings()
    port = metrics_port(environment) if port is None else port
    with _traced():
        if port is None:
            yield
            return
        try:
            from rekindle.api.scrape import scraped
        except ImportError as error:
            raise _missing(error) from error
        at = host or environment.metrics_host or LOOPBACK
        with _registry() as registry:
            async with scraped(registry, engine.measure, host=at, port=port) as address:
                say(f"Metrics on {address}.")
                yield


@asynccontextmanager
async def kept(engine: Engine, path: Path | None) -> AsyncGenerator[None]:
    """Add the metrics of the block to the file, if one is given, and send its spans, if an endpoint
    is. A file that cannot be written at the end is an event in the log.

    Raises:
        TelemetryMissing: a package for metrics is not installed.
        MetricsRefused: the file's folder cannot be written to.
    """
    with _traced():
        if path is None:
            yield
            return
        _require_folder(path)
        with _registry() as registry:
            try:
                yield
            finally:
                await engine.measure()
                try:
                    await asyncio.to_thread(textfile.write, registry, path, version=version())
                except OSError as error:
                    log.error("metrics.unwritten", code=MetricsRefused.code, reason=error.strerror)


def _traced() -> AbstractContextManager[None]:
    said = TraceSettings()
    off = (said.disabled or "").lower() == "true" or (said.exporter or "otlp").lower() != "otlp"
    return traced(asked=said.endpoint is not None and not off, protocol=said.protocol, version=version())


def _require_folder(path: Path) -> None:
    if not path.parent.is_dir() or path.is_dir():
        raise MetricsRefused("--metrics-file does not name a file in a folder", hint="Create the folder first.")


@contextmanager
def _registry() -> Generator[Any]:
    """A registry that has every metric while the block runs.

    Raises:
        TelemetryMissing: the package is not installed.
    """
    try:
        import prometheus_client
    except ImportError as error:
        raise _missing(error) from error
    prometheus_client.disable_created_metrics()
    registry = prometheus_client.CollectorRegistry()
    measures.publish(registry)
    try:
        yield registry
    finally:
        measures.withdraw()


def _missing(error: ImportError) -> TelemetryMissing:
    return TelemetryMissing(
        f"metrics require a package that is not installed: {error.name}", hint=f"{install('telemetry')}."
    )


def metrics_port(environment: Settings) -> int | None:
    """The port that the environment names; None: it names none.

    Raises:
        BadArgument: it is not a port.
    """
    given = environment.metrics_port
    if given is None:
        return None
    if not (given.isascii() and given.isdigit() and len(given) <= 5 and int(given) <= 65_535):
        raise BadArgument("REKINDLE_METRICS_PORT is not a port", hint="Give a number from 0 to 65535.")
    return int(given)
