"""A task that is cancelled ends, whatever it waits for."""

import asyncio
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
from psycopg_pool import pool_async

from rekindle import policy
from rekindle.engine.lease import renewed_lease
from rekindle.postgres.pool import Database

IN_TIME = 5.0


@pytest.mark.parametrize("limited", [False, True], ids=["cancelled", "out of time"])
async def test_a_caller_that_is_cancelled_as_it_gets_a_connection_sends_no_statement(
    database_url: str, monkeypatch: pytest.MonkeyPatch, limited: bool
) -> None:
    database = Database(database_url, connections=1)
    await database.open()
    time_limit = asyncio.timeout(None)
    give, began = pool_async.WaitingClient.set, asyncio.Event()

    async def use() -> None:
        async with time_limit:
            began.set()
            await database.rows("create table written (id int)")

    async def give_and_cancel(self: Any, connection: Any) -> bool:
        taken = await give(self, connection)
        if limited:
            time_limit.reschedule(0)
            await asyncio.sleep(0)
        else:
            using.cancel()
        return taken

    try:
        async with database.transaction():
            using = asyncio.create_task(use())
            await began.wait()
            while not database._pool.get_stats().get("requests_waiting"):  # for the only connection
                await asyncio.sleep(0)
            monkeypatch.setattr(pool_async.WaitingClient, "set", give_and_cancel)
        with pytest.raises(TimeoutError if limited else asyncio.CancelledError):
            await using
        monkeypatch.undo()
        assert await database.row("select to_regclass('written') as found") == {"found": None}
    finally:
        await database.close()


async def test_a_run_ends_although_a_library_loses_the_cancellation_of_its_lease(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(policy, "SEEN_EVERY_SECONDS", 0.05)
    renewing = asyncio.Event()

    async def seen(_run_id: UUID) -> None:
        renewing.set()
        try:
            await asyncio.sleep(IN_TIME)
        except asyncio.CancelledError:
            return

    cycle: Any = SimpleNamespace(run_id=uuid4(), store=SimpleNamespace(seen=seen))
    async with asyncio.timeout(IN_TIME):
        async with renewed_lease(cycle):
            await renewing.wait()
