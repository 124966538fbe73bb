"""The port to the ledger: the record of what was accepted, and the work around it."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from rekindle.errors import HeldByGuard
from rekindle.model import (
    EVERYTHING,
    Acceptance,
    Asked,
    Candidate,
    Ending,
    HeldBack,
    Numbers,
    Report,
    RunStatus,
    Selection,
    Unit,
    Verdict,
)
from rekindle.policy import GUARDED, Guard
from rekindle.ports.audit import Entry
from rekindle.ports.evaluation import Applied, Evaluation, Survey
from rekindle.scenario import AnyScenario


@dataclass(frozen=True, slots=True)
class OwnOutcome:
    """A query of the team that says who came back, and when: (user_id, happened_at). `scopes`: the
    scenarios and trials whose outcome it is."""

    query: str
    scopes: tuple[str, ...]


ARMED = "armed"
WAITS = "quiet_hours"
HELD_OUT = "held_out"


class NotificationRepository(Protocol):
    """Keeps the record of what was accepted."""

    async def record(self, run_id: UUID, acceptances: Sequence[Acceptance]) -> Sequence[Verdict]:
        """Write a notification for each acceptance, all or none; one verdict each, in order.

        A verdict `conflict` means that another writer has used the idempotency key: nothing was
        written for that unit, and it is kept as unknown. Any exception means that nothing was
        written.
        """
        ...


class Store(NotificationRepository, Protocol):
    """The ledger. Every method is one statement or one transaction, safe among any number of
    callers.

    Methods that take units change only those whose epoch is still current, and return how many they
    changed.
    """

    async def applied(self) -> Sequence[Applied]:
        """Every scenario in force, enabled or not, highest priority first."""
        ...

    async def scenario(self, scenario_type: str, version: int) -> AnyScenario:
        """One version of a scenario, as it was applied."""
        ...

    async def open_run(
        self,
        *,
        budget_seconds: float,
        dispatcher: str,
        run_id: UUID | None = None,
        asked: Asked | None = None,
        selection: Selection = EVERYTHING,
        started_by: str | None = None,
        started: Entry | None = None,
    ) -> UUID:
        """Write the run's row, status running, under this id or a new one. With `started`, the
        entry is written in the same transaction; its subject becomes the run's id.

        The row keeps the scenarios and organisations of the selection, and who started it (None:
        this session's login).

        With an id it may be called again after an unclear failure. With a key whose last run is
        lost, that run becomes abandoned, this one is the next attempt, and what the lost run had
        leased and not armed may be leased at once.

        Raises:
            NotMigrated, DatabaseUnfit: the server cannot keep the promises; nothing was written.
            InstallationNotAdopted: the latest run wrote to another server; nothing was written.
            KeyTaken: another run was asked for under this key, and is alive or has ended; nothing
                was written.
        """
        ...

    async def seen(self, run_id: UUID) -> None:
        """Renew the run's lease. A run that is no longer running is not changed."""
        ...

    async def claim(
        self,
        run_id: UUID,
        evaluation: Evaluation,
        *,
        reserved_seconds: float,
        guard: Guard = GUARDED,
    ) -> Numbers:
        """Evaluate one scenario and claim everyone who is due and may be nudged, in one
        transaction.

        The new units are leased to this run for `reserved_seconds`; afterwards any run may take
        them. The numbers are on the run's row when this returns. It may be called again for the
        same run and scenario after an unclear failure: it then claims nobody and returns the
        numbers of the committed claim, if there is one.

        The guard does not apply when a single person is named.

        Raises:
            HeldByGuard: the claim has more people than `guard` allows; nothing has changed.
            DatabaseUnreachable: the connection is gone; the claim may have been committed.
            RekindleError: the scenario, or one that outranks it, cannot be evaluated, or a
                statement took longer than `evaluation.terms` allow; nothing has changed.
        """
        ...

    async def pass_over(self, run_id: UUID, scenario_type: str, code: str) -> None:
        """Keep that this run could not evaluate the scenario, and the code of the error, so that
        the next run begins with it. May be called again."""
        ...

    def candidates(self, evaluation: Evaluation) -> AsyncGenerator[Candidate]:
        """What `claim` would decide now about everyone who is due, streamed in order of user.
        Writes nothing."""
        ...

    async def claimable(self, evaluation: Evaluation) -> int:
        """How many people `claim` would claim now, if no guard held them back. Reads only.

        Raises:
            SourceError, StatementTooSlow: as `claim`.
        """
        ...

    async def held_back(
        self, evaluations: Sequence[Evaluation], people: int, *, recipients: int, ahead: int = 0, guard: Guard
    ) -> HeldByGuard | None:
        """Why the guard would hold back a claim of the last evaluation's `people` now, out of
        `recipients` active recipients, after claims of the evaluations before it, which come to
        `ahead` people. None: it would allow them. Reads only.

        It evaluates all of them again only if the people could exceed a limit, to count each
        person once.

        Raises:
            SourceError, StatementTooSlow: as `claim`.
        """
        ...

    async def survey(self, selection: Selection, *, timeout_seconds: float) -> Survey:
        """How many active recipients there are. It reads every recipient, so a run calls it once.

        Raises:
            SourceError: they cannot be read.
            StatementTooSlow: it took longer than `timeout_seconds`.
        """
        ...

    async def leased(self, run_id: UUID, selection: Selection, *, limit: int) -> Sequence[Unit]:
        """Up to `limit` units of the selection that this run has leased and not armed, most urgent
        first."""
        ...

    async def lease(self, run_id: UUID, selection: Selection, *, limit: int, lease_seconds: float) -> int:
        """Take over up to `limit` free units of the selection; returns how many."""
        ...

    async def arm(self, units: Sequence[Unit], *, lease_seconds: float) -> Mapping[tuple[UUID, UUID], str]:
        """Commit that these units are about to be sent, after a last check that they may still be.

        By (claim, device). ARMED: its request may leave now. WAITS: the person's quiet hours have
        begun, and the unit was put back until they end. HELD_OUT: a trial holds the person out; the
        unit must be finished as that. Any other word is the reason with which the
        unit must be finished as skipped. A unit that is absent belongs to another run and must not
        be touched.
        """
        ...

    async def reserve(self, account: str, sends: int, *, per_second: float) -> float:
        """Reserve sends of a provider's account, among all runs that share it. Returns the seconds
        to wait before they may start."""
        ...

    async def retry(self, units: Sequence[tuple[Unit, str, float]]) -> int:
        """Put units back to pending, each with a reason and a delay in seconds. They were certainly
        not sent."""
        ...

    async def finish(self, run_id: UUID, endings: Sequence[Ending]) -> int:
        """End units for good. A token that is proven dead is disabled, unless it was registered
        again after the send."""
        ...

    async def hold(self, units: Sequence[tuple[Unit, str]]) -> int:
        """Keep units as unknown. They may have been sent, and are never sent again by
        themselves."""
        ...

    async def sweep(self) -> Mapping[str, int]:
        """Repair what crashed runs left. Never sends, and never frees a unit that may have been
        sent."""
        ...

    async def outcomes_over(self) -> Sequence[OwnOutcome]:
        """The team's queries of an outcome that somebody waits for whose horizon is over."""
        ...

    async def look_back(
        self, *, timezone: str | None, limit: int, timeout_seconds: float, outcome: OwnOutcome | None = None
    ) -> int:
        """Write whether people came back after the oldest pushes of which that is not known and the
        horizon is over, up to `limit` per scenario; and settle the people of trials, up to `limit`
        per trial. Returns how many, of the larger number; 0 if nothing is left, or if the team has
        no view `activity`. What is written is never changed. Of two at once, each writes what the
        other has not.

        Args:
            timezone: of people without a valid one; None: UTC.
            outcome: the query of the pushes and trials in question; None: those that ask the view
                `activity`.

        Raises:
            SourceError: the view or the query cannot be read; nothing has changed.
            StatementTooSlow: it took longer than `timeout_seconds`; nothing has changed.
        """
        ...

    async def release(self, run_id: UUID) -> int:
        """Give back the units that this run has leased and did not arm, so that the next run can
        continue them at once."""
        ...

    async def waiting(self, run_id: UUID, selection: Selection) -> int:
        """How many units of the selection this run could arm or lease right now."""
        ...

    async def count_run(
        self,
        run_id: UUID,
        *,
        status: RunStatus | None = None,
        halted_by: str | None = None,
        held: Sequence[HeldBack] = (),
    ) -> Report:
        """Count the claims of this run in the ledger by their result, and write the numbers on the
        run's rows.

        A status ends the run; without one it is still running.
        """
        ...
