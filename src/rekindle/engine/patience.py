"""Waits for a ledger that restarts, until the run's deadline. No other place waits for it."""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import ParamSpec, TypeVar, final
from uuid import UUID

from rekindle.engine.deadline import Deadline
from rekindle.errors import DatabaseFull, DatabaseUnreachable, HeldByGuard, InTheWay, OutOfMemory, RekindleError
from rekindle.log import log
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
from rekindle.ports import Applied, Entry, Evaluation, NotificationRepository, OwnOutcome, Store, Survey
from rekindle.scenario import AnyScenario

P = ParamSpec("P")
T = TypeVar("T")
_PAUSE_SECONDS = 0.25

GIVES_UP_EARLIER_SECONDS = 0.5
"""How long before the end of its time the server cancels an evaluation. If both ended at one
moment, the slow claim would look like a database that does not answer."""


@asynccontextmanager
async def answer_within(seconds: float) -> AsyncGenerator[None]:
    """Limit how long the calls to the ledger in the block may take together.

    Raises:
        DatabaseUnreachable: they took longer and were abandoned; it is not known what they did.
    """
    limit = asyncio.timeout(seconds)
    try:
        async with limit:
            yield
    except TimeoutError:
        if not limit.expired():
            raise
        raise DatabaseUnreachable(
            f"the database gave no answer for {seconds:.1f} s", hint="Check the network between it and this machine."
        ) from None


TRANSIENT = (DatabaseUnreachable, InTheWay)
"""The errors after which a call may soon succeed. Any other one would come again."""

_OF_THE_MACHINE = (DatabaseFull, OutOfMemory)


async def patiently(deadline: Deadline, call: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
    """The result of a call to the ledger. While the database does not answer, or another session is
    in the way, and time is left, the call is made again. Any other error is raised at once.

    Only for calls that may be repeated after an unclear failure: reads, and writes whose fence or
    key makes a repetition harmless. A call without an answer at the deadline is abandoned.

    Raises:
        DatabaseUnreachable, InTheWay: the deadline came first.
    """
    return await _again_after(TRANSIENT, deadline, call, *args, **kwargs)


async def _written(deadline: Deadline, call: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
    """As `patiently`, for a write about what was sent. It is also made again while the disk or
    the memory is full: otherwise proof would be lost."""
    return await _again_after((*TRANSIENT, *_OF_THE_MACHINE), deadline, call, *args, **kwargs)


async def _again_after(
    faults: tuple[type[RekindleError], ...],
    deadline: Deadline,
    call: Callable[P, Awaitable[T]],
    *args: P.args,
    **kwargs: P.kwargs,
) -> T:
    logged = False
    while True:
        try:
            async with answer_within(deadline.wait_seconds()):
                return await call(*args, **kwargs)
        except faults as fault:
            if deadline.left() <= 1.0:
                raise
            if not logged:
                log.warning("database.lost", code=fault.code, seconds_left=round(deadline.left(), 1))
                logged = True
            await asyncio.sleep(_PAUSE_SECONDS)


def _statement_seconds(deadline: Deadline) -> float:
    return max(0.1, deadline.left() - GIVES_UP_EARLIER_SECONDS)


@final
class PatientStore(Store):
    """The ledger for one run. Each call is made again while the database does not answer, until the
    deadline.

    Only `arm` is made once, because a later answer is of no use. `record` is the notification
    repository's, which may be a different one from the ledger's. The seconds given to `claim` and
    `lease` count from the call, not from its last repetition.
    """

    def __init__(self, store: Store, notifications: NotificationRepository, deadline: Deadline) -> None:
        self._store = store
        self._notifications = notifications
        self._deadline = deadline

    async def applied(self) -> Sequence[Applied]:
        return await patiently(self._deadline, self._store.applied)

    async def scenario(self, scenario_type: str, version: int) -> AnyScenario:
        return await patiently(self._deadline, self._store.scenario, scenario_type, version)

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
        return await patiently(
            self._deadline,
            self._store.open_run,
            budget_seconds=budget_seconds,
            dispatcher=dispatcher,
            run_id=run_id,
            asked=asked,
            selection=selection,
            started_by=started_by,
            started=started,
        )

    async def seen(self, run_id: UUID) -> None:
        """As `Store.seen`, called once: a later call renews the lease as well."""
        await self._store.seen(run_id)

    async def claim(
        self, run_id: UUID, evaluation: Evaluation, *, reserved_seconds: float, guard: Guard = GUARDED
    ) -> Numbers:
        """As `Store.claim`. All attempts together take at most as long as the terms say for one
        statement, and no longer than the run has."""
        reserved_until = time.monotonic() + reserved_seconds
        share = self._deadline.within(evaluation.terms.timeout_seconds)

        async def attempt() -> Numbers:
            terms = replace(evaluation.terms, timeout_seconds=_statement_seconds(share))
            seconds = reserved_until - time.monotonic()
            return await self._store.claim(
                run_id, replace(evaluation, terms=terms), reserved_seconds=seconds, guard=guard
            )

        return await patiently(share, attempt)

    async def pass_over(self, run_id: UUID, scenario_type: str, code: str) -> None:
        await patiently(self._deadline, self._store.pass_over, run_id, scenario_type, code)

    def candidates(self, evaluation: Evaluation) -> AsyncGenerator[Candidate]:
        """As `Store.candidates`: a stream that breaks off is not restarted."""
        return self._store.candidates(evaluation)

    async def claimable(self, evaluation: Evaluation) -> int:
        return await patiently(self._deadline, self._store.claimable, evaluation)

    async def held_back(
        self, evaluations: Sequence[Evaluation], people: int, *, recipients: int, ahead: int = 0, guard: Guard
    ) -> HeldByGuard | None:
        return await patiently(
            self._deadline,
            self._store.held_back,
            evaluations,
            people,
            recipients=recipients,
            ahead=ahead,
            guard=guard,
        )

    async def survey(self, selection: Selection, *, timeout_seconds: float) -> Survey:
        """As `Store.survey`. All attempts together take at most `timeout_seconds`, and no longer
        than the run has."""
        share = self._deadline.within(timeout_seconds)

        async def attempt() -> Survey:
            return await self._store.survey(selection, timeout_seconds=_statement_seconds(share))

        return await patiently(share, attempt)

    async def leased(self, run_id: UUID, selection: Selection, *, limit: int) -> Sequence[Unit]:
        return await patiently(self._deadline, self._store.leased, run_id, selection, limit=limit)

    async def lease(self, run_id: UUID, selection: Selection, *, limit: int, lease_seconds: float) -> int:
        until = time.monotonic() + lease_seconds

        async def attempt() -> int:
            seconds = until - time.monotonic()
            return await self._store.lease(run_id, selection, limit=limit, lease_seconds=seconds)

        return await patiently(self._deadline, attempt)

    async def arm(self, units: Sequence[Unit], *, lease_seconds: float) -> Mapping[tuple[UUID, UUID], str]:
        """As `Store.arm`, called once.

        Raises:
            DatabaseUnreachable: no answer until the deadline. Some of the units may be armed.
        """
        async with answer_within(self._deadline.wait_seconds()):
            return await self._store.arm(units, lease_seconds=lease_seconds)

    async def record(self, run_id: UUID, acceptances: Sequence[Acceptance]) -> Sequence[Verdict]:
        return await _written(self._deadline, self._notifications.record, run_id, acceptances)

    async def reserve(self, account: str, sends: int, *, per_second: float) -> float:
        return await patiently(self._deadline, self._store.reserve, account, sends, per_second=per_second)

    async def retry(self, units: Sequence[tuple[Unit, str, float]]) -> int:
        return await _written(self._deadline, self._store.retry, units)

    async def finish(self, run_id: UUID, endings: Sequence[Ending]) -> int:
        return await _written(self._deadline, self._store.finish, run_id, endings)

    async def hold(self, units: Sequence[tuple[Unit, str]]) -> int:
        return await _written(self._deadline, self._store.hold, units)

    async def sweep(self) -> Mapping[str, int]:
        return await patiently(self._deadline, self._store.sweep)

    async def outcomes_over(self) -> Sequence[OwnOutcome]:
        """As `Store.outcomes_over`, called once."""
        async with answer_within(self._deadline.wait_seconds()):
            return await self._store.outcomes_over()

    async def look_back(
        self, *, timezone: str | None, limit: int, timeout_seconds: float, outcome: OwnOutcome | None = None
    ) -> int:
        """As `Store.look_back`, called once: the next run looks back as well."""
        async with answer_within(self._deadline.wait_seconds()):
            return await self._store.look_back(
                timezone=timezone, limit=limit, timeout_seconds=timeout_seconds, outcome=outcome
            )

    async def release(self, run_id: UUID) -> int:
        return await patiently(self._deadline, self._store.release, run_id)

    async def waiting(self, run_id: UUID, selection: Selection) -> int:
        return await patiently(self._deadline, self._store.waiting, run_id, selection)

    async def count_run(
        self,
        run_id: UUID,
        *,
        status: RunStatus | None = None,
        halted_by: str | None = None,
        held: Sequence[HeldBack] = (),
    ) -> Report:
        return await patiently(
            self._deadline, self._store.count_run, run_id, status=status, halted_by=halted_by, held=held
        )
