"""Statements that wait for each other: they lock in the order of keys, one wins, and time is read after the wait.

Nothing here is left to luck: somebody holds a lock, a statement is seen waiting for it, and then one looks.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest

from database.programme_tables import Programme, open_programme, wanted
from rekindle.model import Acceptance, Ending, Unit
from rekindle.policy import HOLD_SECONDS

PEOPLE = 40

WRITES: dict[str, Callable[[Programme, UUID, Sequence[Unit]], Awaitable[Any]]] = {
    "arm": lambda programme, _, units: programme.store.arm(units, lease_seconds=30),
    "retry": lambda programme, _, units: programme.store.retry([(unit, "quota_exceeded", 60.0) for unit in units]),
    "hold": lambda programme, _, units: programme.store.hold([(unit, "timeout") for unit in units]),
    "finish": lambda programme, run_id, units: programme.store.finish(
        run_id, [Ending(unit, "dead", "x") for unit in units]
    ),
    "record": lambda programme, run_id, units: programme.store.record(
        run_id, [Acceptance(unit, "n") for unit in units]
    ),
    "claim": lambda programme, run_id, _: programme.claim(wanted(), run_id=run_id),
    "sweep_unknown": lambda programme, *_: programme.store.sweep(),
    "sweep_stale": lambda programme, *_: programme.store.sweep(),
}


@pytest.fixture
async def programme(database_url: str) -> AsyncIterator[Programme]:
    async with open_programme(database_url, connections=6) as programme:
        yield programme


@asynccontextmanager
async def holding(programme: Programme, query: str, *parameters: Any) -> AsyncIterator[psycopg.AsyncConnection]:
    """Whatever the query locks is held by somebody during the block."""
    async with await psycopg.AsyncConnection.connect(programme.database.url) as holder:
        await holder.execute(query.encode(), parameters)
        yield holder
        await holder.commit()


async def unlocked(programme: Programme, table: str) -> int:
    return await programme.value(f"select count(*) from (select from rekindle.{table} for update skip locked) free")


async def before(programme: Programme, write: str) -> tuple[UUID, list[Unit]]:
    """A ledger in which the write has all people to do with."""
    await programme.people(PEOPLE)
    if write == "arm":
        return await programme.claimed_units()
    run_id, units = await programme.armed_units(wanted(uncertain="resend" if write == "sweep_stale" else "hold"))
    match write:
        case "claim":
            await programme.store.finish(run_id, [Ending(unit, "dead", "x") for unit in units])
            await programme.sql.execute("update rekindle.gate set next_at = rekindle.clock()")
            return await programme.run(), units
        case "sweep_unknown" | "sweep_stale":
            await programme.store.hold([(unit, "timeout") for unit in units])
            await programme.sql.execute(
                "update rekindle.outbox set give_up_at = rekindle.clock(), lease_until = lease_until - %s",
                [timedelta(seconds=HOLD_SECONDS)],
            )
        case _:
            pass
    return run_id, units


@pytest.mark.parametrize("write", ["arm", "retry", "hold", "finish", "record"])
async def test_units_are_locked_in_the_order_of_their_key_in_whatever_order_they_are_given(
    programme: Programme, write: str
) -> None:
    run_id, units = await before(programme, write)
    units.sort(key=lambda unit: (unit.claim_id, unit.device_id))
    async with holding(programme, "select from rekindle.outbox where claim_id = %s for update", units[0].claim_id):
        writing = asyncio.create_task(WRITES[write](programme, run_id, units[::-1]))
        await programme.blocked(write)
        assert await unlocked(programme, "outbox") == PEOPLE - 1
    await writing


@pytest.mark.parametrize("write", ["claim", "record", "finish", "sweep_unknown", "sweep_stale"])
async def test_gates_are_locked_in_the_order_of_their_key(programme: Programme, write: str) -> None:
    run_id, units = await before(programme, write)
    first = min(unit.user_id for unit in units)
    async with holding(programme, "select from rekindle.gate where user_id = %s for update", first):
        writing = asyncio.create_task(WRITES[write](programme, run_id, units[::-1]))
        await programme.blocked(write)
        assert await unlocked(programme, "gate") == PEOPLE - 1
    await writing


@pytest.mark.parametrize("write", ["claim", "record", "sweep_unknown", "sweep_stale"])
async def test_a_cooldown_counts_from_after_the_wait_for_the_gate(programme: Programme, write: str) -> None:
    run_id, units = await before(programme, write)
    async with holding(programme, "select from rekindle.gate for update"):
        writing = asyncio.create_task(WRITES[write](programme, run_id, units))
        await programme.blocked(write)
        waited_until = await programme.value("select rekindle.clock()")
    await writing
    assert await programme.value("select min(next_at) from rekindle.gate") >= waited_until + timedelta(days=1)


async def test_of_two_claims_that_both_saw_the_gate_open_one_wins(programme: Programme) -> None:
    await before(programme, "claim")
    async with holding(programme, "select from rekindle.gate for update"):
        claims = [asyncio.create_task(programme.claim(wanted())) for _ in range(2)]
        await programme.blocked("claim", count=2)
    numbers = sorted([await claim for claim in claims], key=lambda one: one.claimed)
    assert [one.claimed for one in numbers] == [0, PEOPLE]
    assert numbers[0].refusals == {"claimed_elsewhere": PEOPLE}


@pytest.mark.parametrize(
    "change",
    ["next_at = rekindle.clock() + interval '1 day'", "inflight = user_id"],
    ids=["a cooldown has begun", "it is in flight"],
)
async def test_a_claim_that_saw_the_gate_open_does_not_win_it_once_it_is_shut(
    programme: Programme, change: str
) -> None:
    await before(programme, "claim")
    async with holding(programme, f"update rekindle.gate set {change}"):
        claiming = asyncio.create_task(programme.claim(wanted()))
        await programme.blocked("claim")
    assert (await claiming).refusals == {"claimed_elsewhere": PEOPLE}
