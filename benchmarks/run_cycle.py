"""Measures the time and the memory of one whole cycle: `rekindle run` as a child process, from exec
to exit.

For each size, it loads a sample programme into an embedded Postgres with its default, safe settings
(fsync on), then vacuums and analyses it. Each run gets a copy of that database in which nothing was
sent yet. The first run of each kind warms caches and is not counted. Absolute times depend on the
machine as much as on Rekindle. Compare only rows of one table, made on an otherwise idle machine.
"""

import argparse
import asyncio
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg

from rekindle.app import Engine
from rekindle.configuration import load_config
from rekindle.embedded import EmbeddedPostgres
from rekindle.postgres.migrate import migrate
from rekindle.postgres.pool import execute_all
from rekindle.sample import statements, write_init_files
from rekindle.sandbox import Sandbox
from rekindle.settings import Settings

BUDGET = "600s"
SIZES = (500, 10_000, 100_000)
DISPATCHERS = ("log", "fcm")
TEMPLATE = "programme"


@dataclass(frozen=True, slots=True)
class Measured:
    """One run: the seconds of its stages, its pushes, and the peak memory of its process."""

    wall: float
    start: float
    claim: float
    dispatch: float
    pushes: int
    peak_bytes: int


def main() -> None:
    """Measure and print one table."""
    options = arguments()
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, load before the start {os.getloadavg()[0]:.2f}")
    print(f"{options.repeat} runs each, after one that is not counted: median (min–max). Absolute times are noise.")
    print()
    print("mentors   dispatcher  wall s                start s  claim s  dispatch s  pushes   pushes/s  peak MB")
    peaks: dict[tuple[str, int], float] = {}
    with tempfile.TemporaryDirectory(prefix="rekindle-bench-") as folder, Sandbox() as sandbox:
        for size in options.sizes:
            with EmbeddedPostgres() as server:
                load(named(server.url, TEMPLATE), server.url, size, Path(folder))
                for dispatcher in options.dispatchers:
                    config = configuration(Path(folder), dispatcher)
                    runs = [one_run(server.url, sandbox, config, dispatcher) for _ in range(options.repeat + 1)][1:]
                    peaks[dispatcher, size] = statistics.median(one.peak_bytes for one in runs)
                    print(row(size, dispatcher, runs), flush=True)
    print()
    for dispatcher in options.dispatchers:
        for small, large in zip(options.sizes, options.sizes[1:], strict=False):
            ratio = peaks[dispatcher, large] / peaks[dispatcher, small]
            print(f"peak memory, {dispatcher}: {large:,} mentors / {small:,} mentors = {ratio:.2f}")


def arguments() -> argparse.Namespace:
    """The command line's arguments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="numbers of mentors, smallest first")
    parser.add_argument("--dispatchers", nargs="+", choices=DISPATCHERS, default=DISPATCHERS)
    parser.add_argument("--repeat", type=int, default=3, help="counted runs of each kind")
    return parser.parse_args()


def load(url: str, maintenance: str, size: int, folder: Path) -> None:
    """Fill the template database with the programme and the applied scenarios; analyse and
    checkpoint it."""
    execute(maintenance, f"create database {TEMPLATE}")
    config = load_config(configuration(folder, "log"))

    async def fill() -> None:
        await migrate(url)
        await execute_all(url, [(step.sql, step.parameters) for step in statements(size, 1)])
        async with Engine.open(Settings.model_validate({"REKINDLE_DATABASE_URL": url}), config) as engine:
            await engine.apply()

    asyncio.run(fill())
    execute(url, "vacuum analyze")


def configuration(folder: Path, dispatcher: str) -> Path:
    """The file that `rekindle init` writes, with this dispatcher and a budget that is long
    enough."""
    where = folder / dispatcher
    if not where.exists():
        where.mkdir()
        path = write_init_files(where)[0]
        text = path.read_text(encoding="utf-8")
        for old, new in (('budget = "30s"', f'budget = "{BUDGET}"'), ('kind = "fcm"', f'kind = "{dispatcher}"')):
            if old not in text:
                raise SystemExit(f"the configuration of `rekindle init` no longer says {old}")
            text = text.replace(old, new, 1)
        path.write_text(text, encoding="utf-8")
    return where / "rekindle.toml"


def one_run(maintenance: str, sandbox: Sandbox, config: Path, dispatcher: str) -> Measured:
    """Run one cycle on a fresh copy, and check that everything due was recorded and nothing else
    was sent."""
    with fresh_copy(maintenance) as url:
        sandbox.clear()
        environment = os.environ | {
            "REKINDLE_DATABASE_URL": url,
            "REKINDLE_CONFIG": str(config),
            "REKINDLE_FCM_URL": sandbox.url,
            "REKINDLE_FCM_CA": str(sandbox.ca),
            "GOOGLE_APPLICATION_CREDENTIALS": str(sandbox.credentials),
        }
        report, lines, began, wall, peak_bytes = child(environment)
        pushes = sum(one["pushes"] for one in report["scenarios"])
        recorded = sum(one["recorded"] for one in report["scenarios"])
        claimed = sum(one["claimed"] for one in report["scenarios"])
        accepted = len(sandbox.messages()) if dispatcher == "fcm" else pushes
        if report["status"] != "done" or recorded != claimed or accepted != pushes:
            raise SystemExit(
                f"the run was not complete: {report['status']}, {claimed=} {recorded=} {pushes=} {accepted=}"
            )
    opened = datetime.fromisoformat(report["started_at"]).timestamp()
    claims = max(at(line) for line in lines if line["event"] == "scenario.claimed")
    ended = next(at(line) for line in lines if line["event"] == "run.finished")
    return Measured(
        wall=wall,
        start=opened - began,
        claim=claims - opened,
        dispatch=ended - claims,
        pushes=pushes,
        peak_bytes=peak_bytes,
    )


def child(environment: dict[str, str]) -> tuple[dict[str, Any], list[dict[str, Any]], float, float, int]:
    """Run `rekindle run --json`. Returns its report, its log, its start time, its duration and
    its peak memory."""
    with (
        tempfile.NamedTemporaryFile("r") as measured,
        tempfile.TemporaryFile("w+") as said,
        tempfile.TemporaryFile("w+") as logged,
    ):
        launcher = [sys.executable, "-I", "-S", str(Path(__file__).with_name("measured_child.py")), measured.name]
        cli = [sys.executable, "-P", "-m", "rekindle", "--log-level", "info", "run", "--json", "--confirm", "1000000"]
        began = time.time()
        subprocess.run([*launcher, *cli], env=environment, stdout=said, stderr=logged, check=True)
        usage = json.load(measured)
        said.seek(0)
        logged.seek(0)
        if usage["status"] != 0:
            raise SystemExit(f"`rekindle run` ended with {usage['status']}: {logged.read()[-2_000:]}")
        lines = [json.loads(line) for line in logged if line.startswith("{")]
        return json.loads(said.read()), lines, began, usage["wall"], usage["peak"]


@contextmanager
def fresh_copy(maintenance: str) -> Iterator[str]:
    """A copy of the template database, dropped afterwards."""
    execute(maintenance, f"create database cycle template {TEMPLATE} strategy file_copy")
    try:
        yield named(maintenance, "cycle")
    finally:
        execute(maintenance, "drop database cycle with (force)")


def execute(url: str, statement: str) -> None:
    """Run one statement outside of any transaction."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)


def named(url: str, database: str) -> str:
    """The URL of another database of the same server."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{database}"))


def at(line: dict[str, Any]) -> float:
    """When a log line was written, in seconds since the epoch."""
    return datetime.fromisoformat(line["timestamp"]).timestamp()


def row(size: int, dispatcher: str, runs: Sequence[Measured]) -> str:
    """One line of the table."""
    walls = [one.wall for one in runs]
    spread = f"{statistics.median(walls):6.2f} ({min(walls):.2f}–{max(walls):.2f})"
    start, claim, dispatch = (
        statistics.median(getattr(one, stage) for one in runs) for stage in ("start", "claim", "dispatch")
    )
    pushes = runs[0].pushes
    peak = statistics.median(one.peak_bytes for one in runs) / 1e6
    return (
        f"{size:<9,} {dispatcher:<10}  {spread:<21} {start:7.2f}  {claim:7.2f}  {dispatch:10.2f}  "
        f"{pushes:<7,}  {pushes / dispatch:8,.0f}  {peak:7.1f}"
    )


if __name__ == "__main__":
    main()
