"""Workers on one database: each tick is begun once, and a dead worker's run is taken over."""

import asyncio
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from acceptance.command import Command, environment
from acceptance.fixtures import apply
from acceptance.pooler import PGBOUNCER, pooled
from conftest import SERVERS, SETTINGS
from faults.fleet import EACH_MINUTE, LOOKS_OFTEN, Workers, working
from rekindle.configuration import load_config
from rekindle.embedded import EmbeddedPostgres
from rekindle.sandbox import Sandbox
from team.team import Team, fill_team, write_config
from team.waiting import until

TESTS = Path(__file__).parent.parent
TAKEN_OVER = "select status from rekindle.run where due_at is not null and attempt > 1 order by attempt desc limit 1"
QUICKLY_LOST = {**LOOKS_OFTEN, "rekindle.policy.SEEN_EVERY_SECONDS": 1.0, "rekindle.policy.LOST_SECONDS": 12.0}


@pytest.fixture
def postgres() -> Iterator[EmbeddedPostgres]:
    """A separate server that the test may stop."""
    with EmbeddedPostgres(binaries=SERVERS["embedded"], settings=SETTINGS) as one:
        yield one


def programme(url: str, folder: Path, config: str = EACH_MINUTE) -> None:
    fill_team(url)
    asyncio.run(apply(url, load_config(write_config(folder, config))))


def through(url: str, fcm: Sandbox) -> dict[str, str]:
    """The environment of a worker with that address."""
    there = Command(Path(), environment(url, fcm)).environment
    return there | {"PYTHONPATH": os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")])}


def test_each_tick_is_begun_once_by_three_workers_with_wrong_clocks_directly_and_through_a_pooler(
    postgres: EmbeddedPostgres, fcm: Sandbox, tmp_path: Path
) -> None:
    programme(postgres.url, tmp_path)
    Team(postgres.url).people(3)
    if PGBOUNCER is None:
        addresses = [postgres.url]
        work_with(postgres, addresses, fcm, tmp_path)
    else:
        with pooled(postgres.url, tmp_path) as url:
            work_with(postgres, [postgres.url, url], fcm, tmp_path)


def work_with(postgres: EmbeddedPostgres, addresses: list[str], fcm: Sandbox, folder: Path) -> None:
    with working(Workers(postgres.url, folder, [through(url, fcm) for url in addresses])) as workers:
        for _ in range(4):
            workers.tick()
        workers.rows("delete from rekindle.run returning 1")  # as retention does
        workers.tick()
        postgres.crash()
        time.sleep(1.0)
        postgres.start()
        workers.tick()
        for process in workers.processes.values():
            process.send_signal(signal.SIGSTOP)
        workers.later(5)  # nobody is there for five instants
        for process in workers.processes.values():
            process.send_signal(signal.SIGCONT)
        until(lambda: workers.instants()[1] >= 4 and workers.idle(), "instants that were skipped")
        workers.check()
        assert workers.rows("select count(*)::int from rekindle.delivery") == [(3,)]


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
def test_the_run_of_a_worker_that_dies_or_sleeps_is_taken_over_and_nobody_gets_two_pushes(
    postgres: EmbeddedPostgres, fcm: Sandbox, tmp_path: Path, how: signal.Signals
) -> None:
    config = EACH_MINUTE.replace('kind = "log"', 'kind = "fcm"\nconcurrency = 1\ntimeout = "20s"')
    programme(postgres.url, tmp_path, config)
    Team(postgres.url).people(30)
    fcm.faults([{"match": {"target": "*"}, "respond": {"delay_ms": 100}}])
    workers = Workers(postgres.url, tmp_path, [through(postgres.url, fcm)], constants=QUICKLY_LOST)
    with working(workers):
        workers.later()
        until(lambda: len(fcm.messages()) >= 3, "the first sends")
        first = next(one for one in workers.events("tick.begun") if one["why"] == "tick")
        holder = workers.processes[int(str(first["slot"]))]
        holder.send_signal(how)
        # Not the event: one that wakes before the next attempt has its row carries on itself.
        until(lambda: workers.rows(TAKEN_OVER) != [], "a take-over")
        if how == signal.SIGSTOP:
            holder.send_signal(signal.SIGCONT)
        until(lambda: workers.rows(TAKEN_OVER) not in ([("running",)], [("abandoned",)]), "the next attempt")
        # The send of the moment at which it died may be unknown; everybody else is reached. A
        # worker that only slept may send on beside the one that took over.
        until(lambda: len(fcm.messages()) >= 29, "everybody")
        assert workers.rows(TAKEN_OVER) == [("done",)] or how == signal.SIGSTOP
        targets = [one["target"] for one in fcm.messages()]
        assert len(set(targets)) == len(targets)
