"""Workers as real processes, on a database whose clock the test moves from minute to minute.

The witness is outside the database: the lines that the workers log when they begin a tick.
"""

import json
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from conftest import shift_clock
from team.waiting import until
from torture.engine_process import Orders

EACH_MINUTE = """
[run]
max_share = "none"
max_times_median = "none"
[dispatcher]
kind = "log"
[scenario.nudge]
kind = "sql"
schedule = "* * * * *"
query = "select user_id, occurrence, variables from rekindle_source.nudge"
cooldown = "7d"
[scenario.nudge.message.en]
title = "Hello {first_name}"
body = "You have {points} points."
"""

LOOKS_OFTEN: Mapping[str, float] = {"rekindle.fleet.worker.LOOK_SECONDS": 0.3}


@dataclass(slots=True)
class Workers:
    """A number of workers over one database, each with its own address of it and its own wrong
    clock."""

    owner_url: str
    folder: Path
    environments: Sequence[Mapping[str, str]]
    clocks: Sequence[float] = (0.0, 3.0, -3.0)
    constants: Mapping[str, float] = field(default_factory=lambda: dict(LOOKS_OFTEN))
    processes: dict[int, "subprocess.Popen[bytes]"] = field(default_factory=dict)
    minutes: int = 0

    def start(self, slot: int) -> None:
        """Start the worker of a slot. Its log is kept when it is started again."""
        orders = Orders(clock_offset=self.clocks[slot % len(self.clocks)], constants=dict(self.constants))
        with self.log(slot).open("ab") as log:
            self.processes[slot] = subprocess.Popen(
                [sys.executable, "-m", "torture.engine_process", "cli", "--log-level", "info", "worker"],
                cwd=self.folder,
                env={**self.environments[slot % len(self.environments)], **orders.environment()},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def log(self, slot: int) -> Path:
        """The log of a slot."""
        return self.folder / f"worker-{slot}.log"

    def events(self, name: str) -> list[dict[str, object]]:
        """The events of that name that the workers logged."""
        found: list[dict[str, object]] = []
        for path in self.folder.glob("worker-*.log"):
            for line in path.read_text(errors="replace").splitlines():
                said = json.loads(line) if f'"{name}"' in line else {}
                if said.get("event") == name:
                    found.append(said | {"slot": int(path.stem.removeprefix("worker-"))})
        return found

    def begun(self) -> Counter[str]:
        """How often each tick was begun, without those that were tried again."""
        return Counter(str(one["key"]) for one in self.events("tick.begun") if one["why"] == "tick")

    def rows(self, query: str) -> list[tuple[object, ...]]:
        """All rows of a statement, as the owner."""
        with psycopg.connect(self.owner_url, autocommit=True) as connection:
            return connection.execute(query.encode()).fetchall()

    def later(self, minutes: int = 1) -> None:
        """Move the database's clock ahead."""
        self.minutes += minutes
        shift_clock(self.owner_url, f"{self.minutes} minutes")

    def tick(self) -> float:
        """Move the clock by a minute and wait until the run of the new instant has ended. Returns
        how long it took."""
        before = sum(self.begun().values())
        self.later()
        return until(lambda: sum(self.begun().values()) > before and self.idle(), "a tick")

    def idle(self) -> bool:
        """Whether no run is under way."""
        return not self.rows("select from rekindle.run where status = 'running'")

    def alive(self) -> int:
        """How many workers say that they are alive."""
        return len(self.rows("select from rekindle.worker where seen_at > rekindle.clock() - interval '30 seconds'"))

    def instants(self) -> tuple[int, int]:
        """How many instants the schedule has had, and how many of them were skipped."""
        ((passed, skipped),) = self.rows(
            "select round(extract(epoch from last_at - date_trunc('minute', since)) / 60)::int, skipped::int "
            "from rekindle.schedule"
        )
        assert isinstance(passed, int)
        assert isinstance(skipped, int)
        return passed, skipped

    def check(self) -> None:
        """Each instant was begun once by the witness, or counted as skipped; and no worker has
        ended."""
        begun = self.begun()
        passed, skipped = self.instants()
        assert set(begun.values()) <= {1}, [key for key, times in begun.items() if times > 1]
        assert len(begun) + skipped == passed, (len(begun), skipped, passed)
        assert [slot for slot, process in self.processes.items() if process.poll() is not None] == []


@contextmanager
def working(workers: Workers, number: int = 3) -> Iterator[Workers]:
    """The workers, started, each alive in the database's view; killed at the end."""
    try:
        for slot in range(number):
            workers.start(slot)
        until(lambda: workers.alive() >= number, "workers that are alive")
        yield workers
    finally:
        for process in workers.processes.values():
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
            process.wait()
