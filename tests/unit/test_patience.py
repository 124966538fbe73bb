"""A ledger that does not answer is asked again until the deadline, and no other fault is."""

import asyncio
import time
from typing import Any
from uuid import UUID

import pytest

from rekindle.engine.deadline import Deadline
from rekindle.engine.patience import PatientStore, answer_within, patiently
from rekindle.errors import DatabaseError, DatabaseUnreachable, StatementTooSlow
from rekindle.model import Selection
from rekindle.policy import Guard
from rekindle.ports import Evaluation, NotificationRepository, Store


class Ledger:
    """Fails a given number of times, then answers."""

    def __init__(self, fault: Exception, times: int) -> None:
        self._fault = fault
        self._times = times
        self.calls = 0

    async def ask(self) -> str:
        self.calls += 1
        if self.calls <= self._times:
            raise self._fault
        return "answer"


async def test_an_answer_is_passed_on_and_asked_for_once() -> None:
    ledger = Ledger(RuntimeError(), 0)
    assert await patiently(Deadline.after(30, answer_seconds=0), ledger.ask) == "answer"
    assert ledger.calls == 1


async def test_a_ledger_that_comes_back_in_time_is_waited_for_and_logged_once(logged: list[dict[str, Any]]) -> None:
    ledger = Ledger(DatabaseUnreachable(), 3)
    assert await patiently(Deadline.after(30, answer_seconds=0), ledger.ask) == "answer"
    assert ledger.calls == 4
    assert [(line["event"], line["code"]) for line in logged] == [("database.lost", "RK201")]


async def test_a_ledger_that_stays_away_ends_the_wait_before_the_deadline() -> None:
    ledger = Ledger(DatabaseUnreachable(), 10_000)
    deadline = Deadline.after(1.7, answer_seconds=0)
    with pytest.raises(DatabaseUnreachable):
        await patiently(deadline, ledger.ask)
    assert time.monotonic() < deadline.ends
    assert ledger.calls >= 2


async def test_a_ledger_that_gives_no_answer_at_all_is_left_at_the_deadline() -> None:
    deadline = Deadline.after(1.2, answer_seconds=0)
    with pytest.raises(DatabaseUnreachable, match="no answer for"):
        await patiently(deadline, asyncio.Event().wait)
    assert deadline.ends <= time.monotonic() < deadline.ends + 10


async def test_after_the_deadline_an_answer_is_still_waited_for_a_second() -> None:
    deadline = Deadline.after(0.001, answer_seconds=0)
    begun = time.monotonic()
    with pytest.raises(DatabaseUnreachable):
        await patiently(deadline, asyncio.Event().wait)
    assert 1.0 <= time.monotonic() - begun < 10


async def test_a_timeout_that_the_call_raises_itself_is_passed_on() -> None:
    ledger = Ledger(TimeoutError("its own"), 1)
    with pytest.raises(TimeoutError, match="its own"):
        async with answer_within(30):
            await ledger.ask()


@pytest.mark.parametrize("fault", [DatabaseError(), StatementTooSlow(), ValueError()])
async def test_a_ledger_that_answers_with_another_fault_is_not_asked_again(fault: Exception) -> None:
    ledger = Ledger(fault, 1)
    with pytest.raises(type(fault)):
        await patiently(Deadline.after(30, answer_seconds=0), ledger.ask)
    assert ledger.calls == 1


async def test_it_can_be_cancelled_while_it_waits() -> None:
    ledger = Ledger(DatabaseUnreachable(), 10_000)
    waiting = asyncio.create_task(patiently(Deadline.after(600, answer_seconds=0), ledger.ask))
    while not ledger.calls:
        await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


def test_every_call_to_the_ledger_is_waited_for() -> None:
    """A missing method would do nothing, as in the Protocol."""
    methods = {name for name in [*vars(Store), *vars(NotificationRepository)] if not name.startswith("_")}
    assert methods <= vars(PatientStore).keys()


class LostOnce:
    """Loses the first claim and lease in transit, and keeps the arguments of each call."""

    def __init__(self) -> None:
        self.reserved_until: list[float] = []
        self.timeouts: list[float] = []

    async def claim(self, run_id: UUID, evaluation: Evaluation, *, reserved_seconds: float, guard: Guard) -> None:
        self.timeouts.append(evaluation.terms.timeout_seconds)
        self._seen(reserved_seconds)

    async def lease(self, run_id: UUID, selection: Selection, *, limit: int, lease_seconds: float) -> None:
        self._seen(lease_seconds)

    def _seen(self, seconds: float) -> None:
        self.reserved_until.append(time.monotonic() + seconds)
        if len(self.reserved_until) == 1:
            raise DatabaseUnreachable


@pytest.mark.parametrize("what", ["claim", "lease"])
async def test_what_is_asked_for_again_is_reserved_until_the_same_moment(what: str) -> None:
    deadline = Deadline.after(20, answer_seconds=0)
    ledger: Any = LostOnce()
    store = PatientStore(ledger, ledger, deadline)
    began = time.monotonic()
    if what == "claim":
        evaluation: Any = Evaluation(None)
        await store.claim(UUID(int=1), evaluation, reserved_seconds=25)
        assert ledger.timeouts[1] < ledger.timeouts[0] <= 20, "no statement may take longer than the rest of the run"
    else:
        await store.lease(UUID(int=1), Selection(), limit=1, lease_seconds=25)
    first, second = ledger.reserved_until
    assert began + 25 <= first < began + 25.1
    assert abs(second - first) < 0.1
