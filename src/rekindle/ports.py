"""The seams: what the engine needs of a dispatcher, of a notification repository and of the ledger."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from rekindle.errors import HeldByGuard
from rekindle.model import (
    Acceptance,
    Asked,
    Candidate,
    Ending,
    Message,
    Numbers,
    Outcome,
    Report,
    RunStatus,
    Selection,
    Unit,
    Verdict,
)
from rekindle.policy import GUARDED, Guard
from rekindle.scenario import AnyScenario, OwnQuery, Variable


@dataclass(frozen=True, slots=True)
class Applied:
    """A scenario in the version that is in force."""

    scenario_type: str
    version: int
    scenario: AnyScenario
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Terms:
    """How an evaluation reads time: the zone of people without one, if there is such, and the seconds it may take."""

    timezone: str | None = None
    timeout_seconds: float = 30.0


ARMED = "armed"
WAITS = "quiet_hours"


class Dispatcher(Protocol):
    """Sends one message and says what is known of it afterwards.

    Many calls run at once on one event loop. `send` raises nothing for a failed send: every way it can end is an
    `Outcome`, and what cannot be classified is `Uncertain`. It never sends a message again on its own unless the
    provider has certainly refused it.
    """

    @property
    def kind(self) -> str:
        """The name it has in the configuration."""
        ...

    @property
    def immediate(self) -> bool:
        """True if `send` answers without waiting for anyone: a run then keeps no time back for answers."""
        ...

    async def open(self) -> None:
        """Prove, before anything is claimed, that sending is possible at all (credentials, reachability).

        Each cycle asks, one after another or several at once; what an earlier one opened stays open.

        Raises:
            ProviderError: it is not, and how to mend it.
        """
        ...

    async def send(self, message: Message, *, timeout: float) -> Outcome:
        """Send, and wait at most `timeout` seconds; no byte leaves after that, and the outcome is then known."""
        ...

    async def validate(self, message: Message, *, timeout: float) -> Outcome:
        """As `send`, except that the provider only checks the message and delivers nothing."""
        ...

    async def close(self) -> None:
        """Release connections. Sends under way end as `Uncertain`."""
        ...


class NotificationRepository(Protocol):
    """Keeps the record of what was accepted."""

    async def record(self, run_id: UUID, acceptances: Sequence[Acceptance]) -> Sequence[Verdict]:
        """Write a notification for each acceptance, all or none; one verdict each, in order.

        A verdict `conflict` means that another writer holds the idempotency key: nothing was written for that unit
        and it is kept as unknown. Any exception means that nothing was written.
        """
        ...


class Store(NotificationRepository, Protocol):
    """The ledger. Every method is one statement or one transaction, safe among any number of callers.

    Methods that take units change only those whose epoch is still theirs, and return how many those were.
    """

    async def applied(self) -> Sequence[Applied]:
        """Every scenario in force, enabled or not, highest priority first."""
        ...

    async def scenario(self, scenario_type: str, version: int) -> AnyScenario:
        """One version of a scenario, as it was applied."""
        ...

    async def open_run(
        self, *, budget_seconds: float, dispatcher: str, run_id: UUID | None = None, asked: Asked | None = None
    ) -> UUID:
        """Write the run's row, status running, under this id or a new one.

        With an id it may be called again after an unclear failure.

        Raises:
            KeyTaken: another run was asked for under this key; nothing was written.
        """
        ...

    async def claim(
        self,
        run_id: UUID,
        applied: Applied,
        selection: Selection,
        *,
        reserved_seconds: float,
        terms: Terms,
        before: Sequence[Applied] = (),
        guard: Guard = GUARDED,
    ) -> Numbers:
        """Evaluate the scenario and claim everyone who is due and may be nudged, in one transaction.

        The new units are leased to this run for `reserved_seconds`; afterwards any run may take them. The numbers are
        on the run's row when this returns. Called again for the same run and scenario after an unclear failure, it
        claims nobody and returns the numbers of the claim that was committed, if one was.

        `before` are the scenarios that go before this one and were not claimed yet: where a frequency cap has room for
        some of those who want a person only, theirs is the place.

        A claim of one person who is named is no matter of the guard's.

        Raises:
            HeldByGuard: it would have been more people than `guard` lets go; nothing has changed.
        """
        ...

    def candidates(
        self, applied: Applied, selection: Selection, *, terms: Terms, before: Sequence[Applied] = ()
    ) -> AsyncGenerator[Candidate]:
        """What `claim` would decide now about everyone who is due, streamed in order of user; writes nothing."""
        ...

    async def held_back(
        self, scenario_type: str, people: int, selection: Selection, *, ahead: int = 0, guard: Guard
    ) -> HeldByGuard | None:
        """What the guard would say to a claim of so many people now, after `ahead` of other scenarios in the same run;
        None: nothing. Reads only."""
        ...

    async def evaluated(self, selection: Selection) -> int:
        """How many active recipients the selection has."""
        ...

    async def leased(self, run_id: UUID, selection: Selection, *, limit: int) -> Sequence[Unit]:
        """Up to `limit` units of the selection that this run holds and has not armed, most urgent first."""
        ...

    async def lease(self, run_id: UUID, selection: Selection, *, limit: int, lease_seconds: float) -> int:
        """Take over up to `limit` free units of the selection; how many."""
        ...

    async def arm(self, units: Sequence[Unit], *, lease_seconds: float) -> Mapping[tuple[UUID, UUID], str]:
        """Commit that these units are about to be sent, after a last look at whether they still may be.

        By (claim, device): ARMED, its request may leave now; WAITS, it is not the person's hour any more, and the unit
        was put back until it is; any other word is the reason for which it must be finished as skipped. What is absent
        belongs to somebody else and must not be touched.
        """
        ...

    async def retry(self, units: Sequence[tuple[Unit, str, float]]) -> int:
        """Back to waiting, with a reason and a delay in seconds each: these were certainly not sent."""
        ...

    async def finish(self, run_id: UUID, endings: Sequence[Ending]) -> int:
        """End units for good; a token proven dead is disabled unless it is registered again after the send."""
        ...

    async def hold(self, units: Sequence[tuple[Unit, str]]) -> int:
        """Keep units as unknown: these may have been sent, and never go out again by themselves."""
        ...

    async def sweep(self) -> Mapping[str, int]:
        """Put right what crashed runs left behind. Never sends, never frees what may have been sent."""
        ...

    async def release(self, run_id: UUID) -> int:
        """Give back what this run holds and did not arm, so that the next run may carry it on at once."""
        ...

    async def waiting(self, run_id: UUID, selection: Selection) -> int:
        """How many units of the selection this run could arm or lease right now."""
        ...

    async def count_run(self, run_id: UUID, *, status: RunStatus | None = None, halted_by: str | None = None) -> Report:
        """Count from the ledger where every claim of this run stands, and write it onto the run's rows.

        A status ends the run; without one it is still running.
        """
        ...


@dataclass(frozen=True, slots=True)
class Column:
    """A column of one of the team's views, with its type as Postgres writes it."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class View:
    """One of the team's views: its columns in order, and what reading it met.

    `refusal` is why it cannot be read at all; `filtered`, which rule of row level security decides what it shows.
    """

    columns: Sequence[Column]
    refusal: str | None = None
    filtered: str | None = None


@dataclass(frozen=True, slots=True)
class Door:
    """A way into a schema of Rekindle's that a REST API over this database has."""

    schema_name: str
    door: str
    open: bool


@dataclass(frozen=True, slots=True)
class SourceCounts:
    """How many active recipients there are, and how many of them lack something."""

    recipients: int
    without_timezone: int
    without_token: int


class Source(Protocol):
    """The team's own views: what they look like. Read only."""

    async def views(self) -> Mapping[str, View]:
        """By name, whatever stands in schema rekindle_source. Each was opened; no row was read."""
        ...

    async def doors(self) -> Sequence[Door]:
        """Every way of a REST API into schema rekindle or rekindle_source; none where no such API is known."""
        ...

    async def has_activity_index(self) -> bool:
        """Whether an index leads with the person and the date of activity."""
        ...

    async def counts(self) -> SourceCounts:
        """Recipients, and what they lack, their chapters' and organisations' time zones taken into account."""
        ...

    async def deserted(self, places: Sequence[tuple[str, str | None]]) -> Sequence[tuple[str, str | None]]:
        """Of organisations, and of chapters of one, by id: those without any active recipient, in the order given."""
        ...

    async def longest(self, names: Sequence[str], *, certificates: bool) -> Mapping[str, int]:
        """By variable, the bytes of the longest value (cut as texts cut it) that active recipients have now: columns of
        the recipient view by these names, and `certificate` if asked for. What nobody has is absent.

        Raises:
            StatementTooSlow: it took longer than 15 s.
        """
        ...

    async def query_variables(self, scenario_type: str, scenario: OwnQuery) -> Mapping[str, Variable] | None:
        """The variables that a scenario's own query gives, as its first rows have them; None if it returns nobody now.

        Raises:
            SourceError: the query cannot be used.
        """
        ...
