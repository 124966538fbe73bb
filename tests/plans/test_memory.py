"""The memory of a run depends on its limits, not on the number of people who are due."""

import asyncio
import gc
import tracemalloc
from collections.abc import Iterator, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest

from conftest import one_server
from rekindle import Deps, Engine
from rekindle.configuration import load_config
from rekindle.engine.cycle import Caller, Limits, Watch
from rekindle.engine.difference import difference, edits
from rekindle.engine.dispatch import MAX_UNWRITTEN
from rekindle.engine.guard import GuardPreview
from rekindle.engine.run import run_cycle
from rekindle.model import Acceptance, Candidate, Message, Outcome, Selection, Unit, Verdict
from rekindle.policy import UNGUARDED
from rekindle.ports import Affected, Filter, NotificationRepository, Terms
from rekindle.postgres.difference import PostgresDifferences
from rekindle.postgres.migrate import migrate
from rekindle.postgres.pool import execute_all
from rekindle.sample import statements, write_init_files
from rekindle.settings import Settings
from rekindle.testing import ScriptedDispatcher
from team.programme import applied, open_programme, wanted

server = one_server

if TYPE_CHECKING:
    from conftest import Server

CONCURRENCY = 200


def crowd(url: str) -> None:
    asyncio.run(migrate(url))
    asyncio.run(execute_all(url, [(step.sql, step.parameters) for step in statements(5_000, 1)]))


@pytest.fixture
def crowd_url(server: "Server") -> Iterator[str]:
    url = server.clone("template_crowd", crowd)
    yield url
    server.drop(url)


class SlowNotifications:
    """Records like the ledger, but later; counts the live units meanwhile."""

    def __init__(self, ledger: NotificationRepository) -> None:
        self._ledger = ledger
        self.alive: list[int] = []

    async def record(self, run_id: UUID, acceptances: Sequence[Acceptance]) -> Sequence[Verdict]:
        await asyncio.sleep(0.15)  # a ledger that is slower than the provider, which this test is about
        self.alive.append(sum(1 for one in gc.get_objects() if type(one) is Unit))
        return await self._ledger.record(run_id, acceptances)


class CountingDispatcher(ScriptedDispatcher):
    """Accepts every message at once; counts the answers that were not yet recorded when the next
    one came."""

    def __init__(self) -> None:
        super().__init__()
        self.settled = 0
        self.most_unrecorded = 0

    async def send(self, message: Message, *, timeout: float) -> Outcome:
        outcome = await super().send(message, timeout=timeout)
        self.most_unrecorded = max(self.most_unrecorded, len(self.sent) - self.settled)
        return outcome

    def saw_settled(self, count: int) -> None:
        self.settled += count


async def test_a_ledger_slower_than_the_provider_slows_the_sending_and_fills_no_memory(
    crowd_url: str, tmp_path: Path
) -> None:
    dispatcher = CountingDispatcher()
    config = load_config(write_init_files(tmp_path)[0])
    settings = Settings.model_validate({"REKINDLE_DATABASE_URL": crowd_url})
    async with Engine.open(settings, config, dispatcher=dispatcher) as engine:
        await engine.apply()
        slow = SlowNotifications(engine.deps.notifications)
        report = await run_cycle(
            Deps(dispatcher=dispatcher, notifications=slow, store=engine.deps.store),
            await engine.deps.store.applied(),
            Selection(),
            Limits(budget_seconds=60, concurrency=CONCURRENCY, guard=UNGUARDED),
            caller=Caller(watch=Watch(answered=dispatcher.saw_settled)),
        )
    assert report.status == "done"
    assert sum(one.pushes for one in report.scenarios) == len(dispatcher.sent) == dispatcher.settled > 3_000
    assert dispatcher.most_unrecorded <= CONCURRENCY + MAX_UNWRITTEN
    # In addition: the batch that was read to be armed next.
    assert max(slow.alive) <= CONCURRENCY + MAX_UNWRITTEN + CONCURRENCY
    assert max(slow.alive) > CONCURRENCY, "the count is zero, so it proves nothing"


async def test_a_difference_holds_no_more_the_more_people_it_compares(database_url: str) -> None:
    async with open_programme(database_url) as programme:
        await programme.people(4_000)
        await programme.sql.execute("update team.person set organisation_id = %s", [uuid4()])
        old, new = [applied(wanted())], [applied(wanted(priority=60))]
        compared = edits(old, new, Selection(), Terms(timeout_seconds=60))
        guarded = GuardPreview(programme.store, UNGUARDED, Selection())
        for _ in range(2):  # the first one reads the statements, which are kept
            steps = difference(PostgresDifferences(programme.database), compared, guarded)
            tracemalloc.start()
            try:
                async with aclosing(steps):
                    seen = sum([isinstance(step, Affected) async for step in steps])
                _, peak = tracemalloc.get_traced_memory()
            finally:
                tracemalloc.stop()
    assert seen == 4_000
    # 33 bytes per person and side in the two files, and the thousand rows that were read last.
    assert peak < 2_000_000, peak


async def test_a_page_of_a_plan_keeps_its_people_and_no_others(crowd_url: str, tmp_path: Path) -> None:
    config = load_config(write_init_files(tmp_path)[0])
    settings = Settings.model_validate({"REKINDLE_DATABASE_URL": crowd_url})
    alive: list[int] = []
    async with Engine.open(settings, config, dispatcher=ScriptedDispatcher()) as engine:
        await engine.apply()
        page = asyncio.create_task(engine.plan_page(Filter(limit=10)))
        while not page.done():
            await asyncio.sleep(0.01)
            alive.append(sum(isinstance(one, Candidate) for one in gc.get_objects()))
    due = sum(one.due for one in page.result().previews)
    assert (len(page.result().people), due > 1_500) == (10, True)
    assert max(alive) <= 20, alive
