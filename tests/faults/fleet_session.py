"""A long session of workers under faults: `PYTHONPATH=tests python -m faults.fleet_session`.

Three workers, one directly and two through a pooler if pgbouncer is installed, all behind links
that can go silent, with clocks that are right, three seconds ahead and three behind. The database's
clock is moved from minute to minute, and faults happen in between. The lease is the product's, 30
s. Prints a table; exit code 1 if an instant was begun twice or is missing.
"""

import argparse
import asyncio
import random
import signal
import statistics
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

from acceptance.command import Command
from acceptance.fixtures import apply
from acceptance.pooler import PGBOUNCER, pooled
from faults.fleet import EACH_MINUTE, Workers, working
from faults.test_workers import TESTS
from rekindle.configuration import load_config
from rekindle.embedded import EmbeddedPostgres
from team.team import Team, fill_team, write_config
from team.waiting import until
from torture.link import Link


class _Links:
    """Links on a separate event loop."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        self._links: list[Link] = []

    def before(self, url: str) -> str:
        """The address of a new link to that address."""
        parts = urlsplit(url)
        link = Link(parts.port or 0)
        asyncio.run_coroutine_threadsafe(link.open(), self._loop).result()
        self._links.append(link)
        return url.replace(f":{parts.port}", f":{link.port}")

    def all(self, what: str) -> None:
        """Silence, resume or cut all of them."""
        for link in self._links:
            self._loop.call_soon_threadsafe(getattr(link, what))


def main() -> int:
    """Play the session."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--ticks", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rekindle-fleet-")))
        folder.chmod(0o711)
        postgres = stack.enter_context(EmbeddedPostgres(settings={"max_connections": "60"}))
        fill_team(postgres.url)
        asyncio.run(apply(postgres.url, load_config(write_config(folder, EACH_MINUTE))))
        Team(postgres.url).people(20)
        addresses = [postgres.url]
        if PGBOUNCER is not None:
            addresses += [stack.enter_context(pooled(postgres.url, folder)) for _ in range(2)]
        links = _Links()
        environments = [
            Command(folder, {"REKINDLE_DATABASE_URL": links.before(url), "PYTHONPATH": TESTS}).environment
            for url in addresses
        ]
        workers = stack.enter_context(working(Workers(postgres.url, folder, environments)))
        return play(workers, postgres, links, options.ticks, rng)


def play(workers: Workers, postgres: EmbeddedPostgres, links: _Links, ticks: int, rng: random.Random) -> int:
    late: list[float] = []
    table: list[tuple[str, str]] = []
    acts = ("kill", "sleep", "database 10", "database 30", "silence", "all down", "purge")
    at = {ticks * (number + 1) // (len(acts) + 1): act for number, act in enumerate(acts)}
    for tick in range(1, ticks + 1):
        late.append(workers.tick())
        if tick in at:
            took = act(at[tick], workers, postgres, links, rng)
            table.append((at[tick], f"{took:.1f} s"))
            sys.stderr.write(f"after tick {tick}: {at[tick]}: {took:.1f} s\n")
    workers.check()
    begun, (passed, skipped) = workers.begun(), workers.instants()
    table += [
        ("instants", str(passed)),
        ("begun, each once", str(len(begun))),
        ("skipped after an outage", str(skipped)),
        (
            "begun by each worker",
            str(
                sorted(
                    sum(1 for one in workers.events("tick.begun") if one["slot"] == slot) for slot in workers.processes
                )
            ),
        ),
        (
            "a tick from its instant to its report, median and most",
            f"{statistics.median(late):.2f} s, {max(late):.2f} s",
        ),
    ]
    sys.stdout.writelines(f"| {what} | {how} |\n" for what, how in table)
    return 0


def act(what: str, workers: Workers, postgres: EmbeddedPostgres, links: _Links, rng: random.Random) -> float:
    """One fault. Returns how long it took until the next tick had ended; for a kill, until the run
    was taken over."""
    began = time.monotonic()
    if what == "kill":
        return killed(workers)
    if what == "sleep":
        slot = rng.choice(list(workers.processes))
        workers.processes[slot].send_signal(signal.SIGSTOP)
        workers.tick()
        time.sleep(35)
        workers.processes[slot].send_signal(signal.SIGCONT)
    elif what.startswith("database"):
        postgres.crash()
        time.sleep(float(what.split()[1]))
        postgres.start()
        began = time.monotonic()
    elif what == "silence":
        links.all("silence")
        time.sleep(15)
        links.all("resume")
        began = time.monotonic()
    elif what == "all down":
        for process in workers.processes.values():
            process.kill()
            process.wait()
        workers.later(5)
        for slot in list(workers.processes):
            workers.start(slot)
        began = time.monotonic()
    elif what == "purge":
        workers.rows("delete from rekindle.run returning 1")
    before = len(workers.begun())
    if what != "all down":
        workers.later()
    until(lambda: len(workers.begun()) > before and workers.idle(), what, 120)
    return time.monotonic() - began


def killed(workers: Workers) -> float:
    """Kill the worker that begins the next tick, as soon as it says so. Returns how long it takes
    until another attempt has ended."""
    before = sum(workers.begun().values())
    workers.later()
    until(lambda: sum(workers.begun().values()) > before, "a tick that begins")
    last = max(workers.events("tick.begun"), key=lambda one: str(one["timestamp"]))
    slot = int(str(last["slot"]))
    workers.processes[slot].kill()
    began = time.monotonic()
    workers.processes[slot].wait()
    workers.start(slot)
    if workers.idle():
        return 0.0  # its run had ended before the kill
    until(workers.idle, "a take-over", 120)
    return time.monotonic() - began


if __name__ == "__main__":
    sys.exit(main())
