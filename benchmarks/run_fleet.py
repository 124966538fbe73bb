"""Measures how long 1, 2 and 4 workers take for the same four ticks, and the CPU time that they
use, with a provider that answers after 0, 50 and 200 ms.

Four scenarios are due at four instants, for 1,000 people each, so that four runs may be worked side
by side. The time counts from the moment at which the instants have come until everybody is
recorded. The kinds are measured in turn, and the table has ratios to one worker at the same
latency: absolute times are noise.
"""

import argparse
import asyncio
import os
import platform
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

import psycopg

from acceptance.fixtures import apply
from conftest import shift_clock
from faults.fleet import Workers, until, working
from faults.test_workers import through
from rekindle.configuration import load_config
from rekindle.embedded import EmbeddedPostgres
from rekindle.sandbox import Sandbox
from team.team import fill_team, write_config

PEOPLE = 1_000
SCENARIOS = ("one", "two", "three", "four")
LATENCIES = (0, 50, 200)
WORKERS = (1, 2, 4)

_CONFIG = """
[run]
budget = "120s"
max_share = "none"
max_times_median = "none"
[dispatcher]
kind = "fcm"
""" + "".join(
    f"""
[scenario.{name}]
kind = "sql"
schedule = "{minute} * * * *"
query = "select user_id, occurrence, variables from rekindle_source.nudge where occurrence = '{name}'"
cooldown = "7d"
[scenario.{name}.message.en]
title = "Hello {{first_name}}"
body = "{name}"
"""
    for minute, name in enumerate(SCENARIOS)
)


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, load before the start {os.getloadavg()[0]:.2f}")
    walls: defaultdict[tuple[int, int], list[float]] = defaultdict(list)
    cpus: defaultdict[tuple[int, int], list[float]] = defaultdict(list)
    for _ in range(options.repeat):
        for latency in LATENCIES:
            for number in WORKERS:
                wall, cpu = measure(latency, number)
                walls[latency, number].append(wall)
                cpus[latency, number].append(cpu)
    print(f"{options.repeat} times each, in turn: medians, and ratios to one worker at the same latency.\n")
    print(
        "| latency, ms | workers | time, s | ratio | CPU of the workers, s | ratio |\n|---:|---:|---:|---:|---:|---:|"
    )
    for latency in LATENCIES:
        wall_of_one, cpu_of_one = (statistics.median(all_of[latency, 1]) for all_of in (walls, cpus))
        for number in WORKERS:
            wall, cpu = (statistics.median(all_of[latency, number]) for all_of in (walls, cpus))
            print(
                f"| {latency} | {number} | {wall:.2f} | {wall / wall_of_one:.2f} | {cpu:.2f} | {cpu / cpu_of_one:.2f} |"
            )


def measure(latency: int, number: int) -> tuple[float, float]:
    """The seconds until everybody is recorded, and the CPU seconds of the workers meanwhile."""
    with EmbeddedPostgres() as postgres, Sandbox() as sandbox, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o711)
        fill_team(postgres.url)
        people(postgres.url)
        asyncio.run(apply(postgres.url, load_config(write_config(folder, _CONFIG))))
        if latency:
            sandbox.faults([{"match": {"target": "*"}, "respond": {"delay_ms": latency}}])
        workers = Workers(postgres.url, folder, [through(postgres.url, sandbox)])
        with working(workers, number):
            before = cpu(workers)
            began = time.monotonic()
            shift_clock(postgres.url, "61 minutes")
            all_of_them = len(SCENARIOS) * PEOPLE
            until(
                lambda: workers.rows("select count(*)::int from rekindle.delivery") == [(all_of_them,)],
                "everybody",
                120,
            )
            return time.monotonic() - began, cpu(workers) - before


def people(url: str) -> None:
    """Everybody who is due, one scenario each, with one device each."""
    with psycopg.connect(url, autocommit=True) as connection:
        for name in SCENARIOS:
            connection.execute(
                "with made as (insert into team.person (user_id, locale, first_name) "
                "  select gen_random_uuid(), 'en', 'Ada' from generate_series(1, %s) returning user_id), "
                "device as (insert into team.device (user_id, token) select user_id, 't' || user_id from made) "
                "insert into team.wanted select user_id, %s, '{}' from made",
                [PEOPLE, name],
            )
        connection.execute("analyze")


def cpu(workers: Workers) -> float:
    """The CPU seconds of all worker processes so far."""
    tick = os.sysconf("SC_CLK_TCK")
    fields = [
        Path(f"/proc/{one.pid}/stat").read_text().rpartition(")")[2].split() for one in workers.processes.values()
    ]
    return sum((int(one[11]) + int(one[12])) / tick for one in fields)


if __name__ == "__main__":
    main()
