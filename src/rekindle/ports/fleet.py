"""The port to schedules and workers: which instants are due, and what began them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from rekindle.model import RunStatus


@dataclass(frozen=True, slots=True)
class Schedule:
    """The schedule of one applied scenario.

    `last_at` is the last instant that was begun or skipped; no earlier one is ever due. `now` is
    the database's time when this was read. `skipped` counts the instants that were missed and not
    caught up.
    """

    scenario_type: str
    cron: str
    timezone: str
    since: datetime
    last_at: datetime
    skipped: int
    now: datetime


@dataclass(frozen=True, slots=True)
class Due:
    """A schedule that has an instant to begin, or only instants that are too old. `skipped` counts
    the instants between the mark and this one, and this one too if it is too old."""

    schedule: Schedule
    at: datetime
    skipped: int


@dataclass(frozen=True, slots=True)
class Tick:
    """One run that a schedule began. `key` is `tick:SCENARIOS:INSTANT`, the scenarios in order of
    name and joined by +, the instant in UTC to the minute. The text is a contract between
    releases: two releases that work side by side must build the same."""

    key: str
    scenarios: tuple[str, ...]
    run_id: UUID | None = None

    @classmethod
    def of(cls, key: str) -> "Tick":
        """The tick that this key names."""
        _, names, _ = key.split(":", 2)
        return cls(key, tuple(names.split("+")))


@dataclass(frozen=True, slots=True)
class FailedTick:
    """A run of a tick that was halted, could not start, or was abandoned. `halted_by` is the text
    of its faults."""

    tick: Tick
    due_at: datetime
    run_id: UUID
    attempt: int
    status: RunStatus
    halted_by: str | None


@dataclass(frozen=True, slots=True)
class Worker:
    """One process of `rekindle worker`. `configuration` is a digest of what its own file says about
    runs; what is applied does not count."""

    worker_id: UUID
    host: str
    release: str
    configuration: str


@dataclass(frozen=True, slots=True)
class LastTick:
    """The last run of a schedule's last instant."""

    run_id: UUID
    status: RunStatus
    halted_by: str | None
    attempt: int


@dataclass(frozen=True, slots=True)
class LiveWorker:
    """A worker that was seen within `policy.LOST_SECONDS`."""

    worker_id: UUID
    host: str
    release: str
    configuration: str
    started_at: datetime
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Counts:
    """What waits, and what went wrong in the last 24 hours.

    `waiting` counts devices to send to. `unknown` counts sends whose outcome is not known.
    `disabled` counts tokens that were disabled. `halted` counts runs that stopped for an operator.
    """

    waiting: int
    unknown: int
    disabled: int
    halted: int


@dataclass(frozen=True, slots=True)
class Queue:
    """The live units: those that wait to be sent, those whose request may be under way, and those
    that are held for a late answer. `oldest_seconds`: how long the oldest unit waits that may be
    sent now; 0: none."""

    waiting: int
    armed: int
    unknown: int
    oldest_seconds: float


class Fleet(Protocol):
    """Schedules and workers. Every method is one statement, safe among any number of callers."""

    async def schedules(self) -> Sequence[Schedule]:
        """The schedules in force, by name."""
        ...

    async def begin(
        self, due: Sequence[Due], *, at: datetime, run_id: UUID, budget_seconds: float, dispatcher: str
    ) -> Tick | None:
        """Begin one run for these schedules, which are due at the same instant: their marks move,
        and the run has its row.

        The tick has the schedules that this call was first for. None: others were first for all of
        them, or they have changed. With a new `run_id` a repetition after an unclear failure
        returns None, and the run is lost until its lease ends; `retries` then returns it.
        """
        ...

    async def skip(self, due: Sequence[Due]) -> Sequence[tuple[str, int]]:
        """Move the marks of these schedules past instants that are too old. Returns the scenarios
        that this call was first for, each with the number of instants."""
        ...

    async def retries(self, *, catch_up_seconds: float) -> Sequence[Tick]:
        """Ticks whose last run is lost or could not start, and whose turn to be tried again has
        come, oldest first."""
        ...

    async def failed(self) -> Sequence[FailedTick]:
        """The failed runs of ticks that nobody was told about, oldest first, of the last hour.
        Each is returned to one caller; of attempts that end alike, only the first."""
        ...

    async def overdue(self, schedules: Sequence[Schedule]) -> Sequence[str]:
        """Report that these schedules are overdue. Returns the scenarios that this call was first
        to report since the last instant of each was begun."""
        ...

    async def ready(self) -> bool:
        """Whether a unit that no run works on may be sent now."""
        ...

    async def last_ticks(self) -> Sequence[tuple[Schedule, LastTick | None]]:
        """The schedules in force, by name, each with the last run of its last instant. None: that
        instant was skipped, or none has come since the schedule was applied."""
        ...

    async def workers(self) -> Sequence[LiveWorker]:
        """The workers that are alive, oldest first."""
        ...

    async def counts(self) -> Counts:
        """What waits, and what went wrong in the last 24 hours."""
        ...

    async def queue(self) -> Queue:
        """The live units by state. Reads all of them."""
        ...

    async def seen(self, worker: Worker) -> Sequence[str]:
        """Say that this worker is alive. Returns the hosts of live workers with another
        configuration."""
        ...
