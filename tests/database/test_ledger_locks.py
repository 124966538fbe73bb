"""Statements that meet at a row: the first writer's version stays, keys are locked in order, and
the time is read after the wait.

Nothing depends on chance. A connection holds a lock, the test sees a statement wait for it or skip
it, and then the test reads the rows.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest

from rekindle.model import Acceptance, Ending, Selection, Unit
from rekindle.policy import HOLD_SECONDS
from rekindle.postgres.settle import settle
from team.programme import Programme, open_programme, wanted
from team.waiting import WAIT_SECONDS

PEOPLE = 40
NUDGE = Selection(scenarios=("nudge",))
# Another run has taken the unit over and armed it: no other write may change that version.
TAKEN_OVER = (
    "update rekindle.outbox set state = 'dispatching', epoch = epoch + 1, owner = gen_random_uuid(), "
    "lease_until = rekindle.clock() + interval '1 hour'"
)

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
    "release": lambda programme, run_id, _: programme.store.release(run_id),
    "lease": lambda programme, run_id, _: programme.store.lease(run_id, NUDGE, limit=PEOPLE, lease_seconds=30),
    "claim": lambda programme, run_id, _: programme.claim(wanted(), run_id=run_id),
    "sweep": lambda programme, *_: programme.store.sweep(),
    "settle": lambda programme, _, units: settle(programme.database, units[0].claim_id, provider_name=None),
}
SWEEPS = ["sweep_dispatching", "sweep_unknown", "sweep_stale"]


def writing(programme: Programme, write: str, run_id: UUID, units: Sequence[Unit]) -> asyncio.Task[Any]:
    """Start the write: one of WRITES, or a statement of the sweep."""
    name = "sweep" if write.startswith("sweep") else write
    return asyncio.ensure_future(WRITES[name](programme, run_id, units))


@pytest.fixture
async def programme(database_url: str) -> AsyncIterator[Programme]:
    async with open_programme(database_url, connections=6) as programme:
        yield programme


@asynccontextmanager
async def holding(programme: Programme, query: str, *parameters: Any) -> AsyncIterator[psycopg.AsyncConnection]:
    """Another connection holds the query's locks during the block."""
    async with await psycopg.AsyncConnection.connect(programme.database.url) as holder:
        await holder.execute(query.encode(), parameters)
        yield holder
        await holder.commit()


async def waits(programme: Programme, task: asyncio.Task[Any]) -> bool:
    """Whether the write waits for a lock; False if it ends without waiting."""
    query = (
        "select count(*) from pg_stat_activity where datname = current_database() "
        "and wait_event_type = 'Lock' and query like '/* rekindle:%%'"
    )
    async with asyncio.timeout(WAIT_SECONDS):
        while not task.done():
            if await programme.value(query):
                return True
            await asyncio.sleep(0.005)
    return False


async def unlocked(programme: Programme, table: str) -> int:
    return await programme.value(f"select count(*) from (select from rekindle.{table} for update skip locked) free")


async def before(programme: Programme, write: str) -> tuple[UUID, list[Unit]]:
    """A ledger in which the write concerns all people."""
    await programme.people(PEOPLE)
    if write in ("arm", "release", "lease"):
        run_id, units = await programme.claimed_units()
        if write == "lease":
            await programme.store.release(run_id)
        return run_id, units
    run_id, units = await programme.armed_units(wanted(uncertain="resend" if write == "sweep_stale" else "hold"))
    match write:
        case "claim":
            await programme.store.finish(run_id, [Ending(unit, "dead", "x") for unit in units])
            await programme.sql.execute("update rekindle.gate set next_at = rekindle.clock()")
            return await programme.run(), units
        case "sweep_unknown" | "sweep_stale" | "settle":
            await programme.store.hold([(unit, "timeout") for unit in units])
        case "sweep_gates":
            await programme.sql.execute("delete from rekindle.outbox")
        case _:
            pass
    if write.startswith("sweep"):
        await programme.sql.execute(
            "update rekindle.outbox set give_up_at = rekindle.clock(), lease_until = lease_until - %s",
            [timedelta(seconds=HOLD_SECONDS)],
        )
    return run_id, units


async def changed_first(
    programme: Programme, write: str, table: str, change: str, made: tuple[UUID, list[Unit]]
) -> Any:
    """The write's result if the table's rows change before it gets them. It must leave them as
    they were changed."""
    query = f"select * from rekindle.{table} order by 1, 2"
    async with holding(programme, change) as holder:
        version = await (await holder.execute(query.encode())).fetchall()
        assert version
        task = writing(programme, write, *made)
        await waits(programme, task)
    answer = await task
    assert [tuple(row.values()) for row in await programme.rows(query)] == version
    return answer


@pytest.mark.parametrize("write", ["arm", "retry", "hold", "finish", "record", "release", "lease", *SWEEPS])
async def test_a_unit_that_another_run_takes_over_at_the_same_moment_is_left_to_that_run(
    programme: Programme, write: str
) -> None:
    made = await before(programme, write)
    gates = await programme.rows("select * from rekindle.gate order by user_id")
    answer = await changed_first(programme, write, "outbox", TAKEN_OVER, made)
    nothing: dict[str, object] = {"arm": {}, "record": ["stale"] * PEOPLE}
    assert (answer[write.removeprefix("sweep_")] if write in SWEEPS else answer) == nothing.get(write, 0)
    assert await programme.rows("select * from rekindle.gate order by user_id") == gates
    assert await programme.rows("select * from rekindle.outcome") == []


async def test_a_late_answer_to_an_unknown_that_is_settled_at_the_same_moment_is_stale(programme: Programme) -> None:
    made = await before(programme, "sweep_unknown")
    await programme.store.sweep()
    change = "update rekindle.outcome set outcome = 'dead', reason = 'settled_not_sent'"
    assert await changed_first(programme, "record", "outcome", change, made) == ["stale"] * PEOPLE


async def test_a_run_that_reports_its_end_at_the_same_moment_is_not_abandoned(programme: Programme) -> None:
    made = await before(programme, "arm")
    await programme.sql.execute("update rekindle.run set seen_at = seen_at - interval '1 day'")
    change = "update rekindle.run set status = 'done', finished_at = rekindle.clock()"
    assert (await changed_first(programme, "sweep", "run", change, made))["runs"] == 0


async def test_a_run_that_is_counted_by_a_sweep_and_by_itself_at_once_is_counted_once(programme: Programme) -> None:
    """It has carried on a claim of an earlier run. Two processes that count it write its first
    numbers at the same moment."""
    await programme.people(2)
    earlier, _ = await programme.claimed_units()
    await programme.store.release(earlier)
    run_id = await programme.run()
    assert await programme.store.lease(run_id, Selection(scenarios=("nudge",)), limit=2, lease_seconds=60) == 2
    async with holding(programme, "select from rekindle.run where run_id = %s for update", run_id):
        both = [asyncio.create_task(programme.store.count_run(run_id, status=status)) for status in ("done", "budget")]
        await programme.blocked("run_", count=2)
    assert [one.scenarios[0].carried for one in await asyncio.gather(*both)] == [2, 2]


@pytest.mark.parametrize("table", ["outbox", "outcome"])
async def test_an_operator_who_settles_waits_for_the_units_before_taking_the_gate(
    programme: Programme, table: str
) -> None:
    """Every other write does too. In the reverse order, it and a late answer would wait for each
    other."""
    made = await before(programme, "settle")
    if table == "outcome":
        await programme.sql.execute("update rekindle.outbox set lease_until = rekindle.clock() - interval '1 second'")
        await programme.store.sweep()
    async with holding(programme, f"select from rekindle.{table} for update"):
        settling = writing(programme, "settle", *made)
        await programme.blocked("settle")
        assert await unlocked(programme, "gate") == PEOPLE
    assert await settling == 1


async def test_the_sweep_does_not_wait_for_a_gate_that_is_being_written(programme: Programme) -> None:
    run_id, units = await before(programme, "sweep_gates")
    async with holding(programme, "select from rekindle.gate where user_id = %s for update", units[0].user_id):
        sweeping = writing(programme, "sweep_gates", run_id, units)
        assert not await waits(programme, sweeping)
    assert (await sweeping)["gates"] == PEOPLE - 1


@pytest.mark.parametrize("write", ["arm", "retry", "hold", "finish", "record"])
async def test_units_are_locked_in_the_order_of_their_key_in_whatever_order_they_are_given(
    programme: Programme, write: str
) -> None:
    run_id, units = await before(programme, write)
    units.sort(key=lambda unit: (unit.claim_id, unit.device_id))
    async with holding(programme, "select from rekindle.outbox where claim_id = %s for update", units[0].claim_id):
        task = writing(programme, write, run_id, units[::-1])
        await programme.blocked(write)
        assert await unlocked(programme, "outbox") == PEOPLE - 1
    await task


@pytest.mark.parametrize("write", ["claim", "record", "finish", "sweep_unknown", "sweep_stale"])
async def test_gates_are_locked_in_the_order_of_their_key(programme: Programme, write: str) -> None:
    run_id, units = await before(programme, write)
    # The rows are in reverse order on disk, so that the test notices a write that locks gates in
    # disk order.
    await programme.sql.execute(
        "with gone as (delete from rekindle.gate returning *) "
        "insert into rekindle.gate select * from gone order by user_id desc"
    )
    await programme.sql.execute("analyze rekindle.gate")
    first = min(unit.user_id for unit in units)
    async with holding(programme, "select from rekindle.gate where user_id = %s for update", first):
        task = writing(programme, write, run_id, units[::-1])
        await programme.blocked(write)
        assert await unlocked(programme, "gate") == PEOPLE - 1
    await task


@pytest.mark.parametrize("write", ["claim", "record", "sweep_unknown", "sweep_stale"])
async def test_a_cooldown_counts_from_after_the_wait_for_the_gate(programme: Programme, write: str) -> None:
    run_id, units = await before(programme, write)
    async with holding(programme, "select from rekindle.gate for update"):
        task = writing(programme, write, run_id, units)
        await programme.blocked(write)
        waited_until = await programme.value("select rekindle.clock()")
    await task
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
