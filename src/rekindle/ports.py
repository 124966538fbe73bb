"""The seams: what the engine needs of a dispatcher, of a notification repository and of the ledger."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Protocol
from uuid import UUID

from rekindle.model import (
    Acceptance,
    Candidate,
    Message,
    Numbers,
    Outcome,
    Report,
    RunStatus,
    Unit,
    UnknownSend,
    Verdict,
)
from rekindle.scenario import AnyScenario


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

    async def open(self) -> None:
        """Prove, before anything is claimed, that sending is possible at all (credentials, reachability).

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

    async def applied(self) -> Mapping[str, tuple[int, AnyScenario]]:
        """The applied scenarios with their versions, enabled or not, by name."""
        ...

    async def open_run(self, *, budget_seconds: float, dispatcher: str) -> UUID:
        """Write the run's row, status running."""
        ...

    async def claim(
        self,
        run_id: UUID,
        scenario_type: str,
        version: int,
        scenario: AnyScenario,
        *,
        timezone: str,
        reserved_seconds: float,
        timeout_seconds: float,
        organisations: Sequence[UUID] = (),
        user_id: UUID | None = None,
    ) -> Numbers:
        """Evaluate the scenario and claim everyone who is due and may be nudged, in one transaction.

        The new units are kept for this run for `reserved_seconds`; afterwards any run may take them.
        """
        ...

    def candidates(
        self,
        scenario_type: str,
        scenario: AnyScenario,
        *,
        timezone: str,
        timeout_seconds: float,
        organisations: Sequence[UUID] = (),
        user_id: UUID | None = None,
    ) -> AsyncIterator[Candidate]:
        """What `claim` would decide now, streamed in order of user; writes nothing."""
        ...

    async def evaluated(self, *, organisations: Sequence[UUID] = (), user_id: UUID | None = None) -> int:
        """How many active recipients there are."""
        ...

    async def lease(
        self, run_id: UUID, *, limit: int, lease_seconds: float, own_only: bool
    ) -> Sequence[Unit]:
        """Take up to `limit` units that may be tried now, by priority and age."""
        ...

    async def arm(self, units: Sequence[Unit], *, lease_seconds: float) -> Sequence[tuple[UUID, UUID]]:
        """Commit that these units are about to be sent; (claim, device) of those that may be. Others must not be."""
        ...

    async def retry(self, units: Sequence[tuple[Unit, str, float]]) -> int:
        """Back to waiting, with a reason and a delay in seconds each: these were certainly not sent."""
        ...

    async def finish(self, run_id: UUID, units: Sequence[tuple[Unit, str, str]]) -> int:
        """End units as 'skipped' or 'dead' with a reason each: these were certainly not sent."""
        ...

    async def hold(self, units: Sequence[tuple[Unit, str]], *, hold_seconds: float) -> int:
        """Keep units as unknown: these may have been sent, and never go out again by themselves."""
        ...

    async def disable(self, units: Sequence[tuple[Unit, str]]) -> int:
        """Remember device tokens as proven dead, unless they were registered again after the send."""
        ...

    async def sweep(self, *, hold_seconds: float) -> Mapping[str, int]:
        """Put right what crashed runs left behind. Never sends, never frees what may have been sent."""
        ...

    async def release(self, run_id: UUID) -> int:
        """Give back what this run reserved and did not arm, so that the next run may carry it on at once."""
        ...

    async def waiting(self, run_id: UUID) -> int:
        """How many units this run could lease right now."""
        ...

    async def close_run(
        self, run_id: UUID, numbers: Sequence[Numbers], *, status: RunStatus, halted_by: str | None = None
    ) -> Report:
        """Count from the ledger where every claim of this run stands, and write it onto the run's rows."""
        ...

    async def unknown(self, *, limit: int) -> Sequence[UnknownSend]:
        """Uncertain sends, live and closed, newest first."""
        ...
