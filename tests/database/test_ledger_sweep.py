"""The sweep: it finishes what crashed runs left behind, and leaves live claims alone."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from rekindle.model import Acceptance, Selection, Unit
from rekindle.policy import HOLD_SECONDS, LOST_SECONDS, REFUSED_COOLDOWN_SECONDS
from rekindle.postgres.connection import connect
from rekindle.postgres.sql import statement
from team.programme import Programme, open_programme, wanted
from team.waiting import WAIT_SECONDS

NOW = datetime(2026, 3, 10, 11, 30, tzinfo=UTC)


@pytest.fixture
async def programme(database_url: str) -> AsyncIterator[Programme]:
    async with open_programme(database_url) as programme:
        await programme.at(NOW)
        yield programme


async def later(programme: Programme, **by: float) -> None:
    await programme.at(NOW + timedelta(**by))


async def test_a_sweep_of_a_consistent_ledger_changes_nothing(programme: Programme) -> None:
    await programme.people(4)
    _, units = await programme.armed_units()
    assert not any((await programme.store.sweep()).values())
    assert {await programme.state(unit) for unit in units} == {"dispatching"}


async def test_an_armed_unit_whose_lease_is_over_becomes_unknown_and_never_claimed_again(programme: Programme) -> None:
    user = (await programme.people(1))[0]
    _, [unit] = await programme.armed_units()
    await later(programme, seconds=30)
    assert (await programme.store.sweep())["dispatching"] == 0
    await later(programme, seconds=31)
    assert (await programme.store.sweep())["dispatching"] == 1
    assert await programme.state(unit) == "unknown"
    gate = await programme.gate(user)
    assert gate is not None
    assert gate["inflight"] == unit.claim_id


async def test_an_unknown_past_its_hold_is_closed_and_its_cooldown_counts_from_then(programme: Programme) -> None:
    user = (await programme.people(1))[0]
    _, [unit] = await programme.armed_units()
    await programme.store.hold([(unit, "timeout")])
    await later(programme, seconds=HOLD_SECONDS)
    assert (await programme.store.sweep())["unknown"] == 0
    await later(programme, seconds=HOLD_SECONDS + 1)
    swept = await programme.store.sweep()
    assert (swept["unknown"], swept["gates"]) == (1, 1)
    assert await programme.state(unit) == "unknown:timeout"
    gate = await programme.gate(user)
    assert gate is not None
    assert (gate["inflight"], gate["opens_in"]) == (None, 86_400)


@pytest.mark.parametrize("retried", [False, True], ids=["never sent", "refused for now"])
async def test_a_unit_past_its_relevance_is_dead_and_its_gate_opens_soon(programme: Programme, retried: bool) -> None:
    user = (await programme.people(1))[0]
    if retried:
        run_id, [unit] = await programme.armed_units(wanted(relevance="1h"))
        await programme.store.retry([(unit, "quota_exceeded", 60.0)])
    else:
        run_id, [unit] = await programme.claimed_units(wanted(relevance="1h"))
        await programme.store.release(run_id)
    await later(programme, minutes=59)
    assert (await programme.store.sweep())["stale"] == 0
    await later(programme, hours=1)
    swept = await programme.store.sweep()
    assert (swept["stale"], swept["gates"]) == (1, 1)
    assert await programme.state(unit) == "dead:stale"
    gate = await programme.gate(user)
    assert gate is not None
    assert (gate["inflight"], gate["opens_in"]) == (None, REFUSED_COOLDOWN_SECONDS)


async def test_a_unit_past_its_relevance_that_a_run_still_holds_is_left_to_it(programme: Programme) -> None:
    await programme.people(1)
    _, [unit] = await programme.claimed_units(wanted(relevance="1h"), reserved_seconds=7_200)
    await later(programme, minutes=90)
    assert (await programme.store.sweep())["stale"] == 0
    assert await programme.state(unit) == "claimed"


async def test_a_gate_without_a_live_unit_is_freed_and_keeps_its_cooldown_if_somebody_was_reached(
    programme: Programme,
) -> None:
    sent, unsent = await programme.people(2)
    run_id, units = await programme.armed_units(wanted(cooldown="7d"))
    by_user = {unit.user_id: unit for unit in units}
    await programme.store.record(run_id, [Acceptance(by_user[sent], "n/1")])
    # Two concurrent recorders leave this state: no unit, and the gate still in flight.
    await programme.sql.execute("delete from rekindle.outbox")
    await programme.sql.execute(
        "update rekindle.gate set inflight = %s where user_id = %s", [by_user[sent].claim_id, sent]
    )
    assert (await programme.store.sweep())["gates"] == 2
    gates = {user: await programme.gate(user) for user in (sent, unsent)}
    assert [gate["inflight"] for gate in gates.values() if gate] == [None, None]
    assert [gate["opens_in"] for gate in gates.values() if gate] == [7 * 86_400, REFUSED_COOLDOWN_SECONDS]


async def test_a_sweep_that_waits_for_a_gate_does_not_free_the_claim_that_won_it_meanwhile(
    programme: Programme,
) -> None:
    """The sweep finds an orphan. Before it gets the gate's lock, the gate is freed and claimed
    again."""
    user = (await programme.people(1))[0]
    _, [lost] = await programme.claimed_units()
    await programme.sql.execute("delete from rekindle.outbox")
    # Without `skip locked`, so that it waits and then sees the new version of the row.
    waiting = statement("sweep_gates").replace(" skip locked", "")
    await programme.sql.execute("begin")
    await programme.sql.execute("update rekindle.gate set inflight = null, next_at = %s", [NOW - timedelta(days=1)])
    sweeper = await connect(programme.database.url)
    async with sweeper:
        sweeping = asyncio.create_task(sweeper.execute(waiting, {"refused_seconds": 60}))
        async with asyncio.timeout(WAIT_SECONDS):
            # On another connection: within one transaction pg_stat_activity does not change after
            # the first read.
            while not await programme.database.rows(
                "select pid from pg_stat_activity where pid = %(pid)s and wait_event_type = 'Lock'",
                {"pid": sweeper.info.backend_pid},
            ):
                await asyncio.sleep(0.01)
        claim_id = await programme.value(
            "update rekindle.gate set inflight = rekindle.new_claim_id() where user_id = %s returning inflight", user
        )
        await programme.sql.execute("commit")
        assert (await (await sweeping).fetchone()) == {"swept": 0}
    gate = await programme.gate(user)
    assert gate is not None
    assert gate["inflight"] == claim_id != lost.claim_id


async def test_sweeps_beside_claims_never_free_a_live_claim(database_url: str) -> None:
    async with open_programme(database_url, connections=12) as programme:
        await programme.people(60)
        short = wanted(cooldown="1s")

        async def sweep() -> None:
            for _ in range(25):
                await programme.database.rows(statement("sweep_gates"), {"refused_seconds": 0})

        async def work(number: int) -> None:
            for turn in range(4):
                # Each scenario has separate gates, which the workers win, end and free
                # concurrently.
                name = f"s{(number + turn) % 3}"
                units = await claimed(await programme.run(), name)
                armed = await programme.store.arm(units, lease_seconds=60)
                assert set(armed.values()) <= {"armed"}
                assert len(armed) == len(units), "a live claim was freed and taken by another"

        async def claimed(run_id: UUID, name: str) -> list[Unit]:
            await programme.claim(short, run_id=run_id, scenario_type=name)
            return await programme.held(run_id, name)

        await asyncio.gather(*(sweep() for _ in range(3)), *(work(number) for number in range(6)))
        rows = await programme.rows(
            "select count(*) filter (where g.inflight is null) as freed, count(*) as all"
            " from rekindle.outbox o join rekindle.gate g using (user_id, scenario_type)"
        )
        assert rows == [{"freed": 0, "all": 180}]


async def test_a_run_that_never_reported_its_end_is_abandoned_with_the_numbers_of_its_claims(
    programme: Programme,
) -> None:
    await programme.people(6)
    run_id, units = await programme.claimed_units(reserved_seconds=30)
    await programme.store.arm(units[:4], lease_seconds=30)
    await programme.store.record(run_id, [Acceptance(unit, f"n/{unit.claim_id}") for unit in units[:2]])
    await programme.store.retry([(units[2], "quota_exceeded", 60.0)])
    await later(programme, seconds=LOST_SECONDS - 1)
    assert (await programme.store.sweep())["runs"] == 0
    await later(programme, seconds=LOST_SECONDS + 1)
    another = await programme.run()
    assert await programme.store.lease(another, Selection(scenarios=("nudge",)), limit=1, lease_seconds=60) == 1
    assert (await programme.store.sweep())["runs"] == 1
    row = (await programme.rows("select * from rekindle.run where run_id = %s", run_id))[0]
    assert row["status"] == "abandoned"
    assert row["finished_at"] is not None
    numbers = {name: row[name] for name in ("claimed", "recorded", "unknown", "pending", "handed_over", "pushes")}
    assert numbers == {"claimed": 6, "recorded": 2, "unknown": 1, "pending": 2, "handed_over": 1, "pushes": 2}
    assert (await programme.store.sweep())["runs"] == 0


@pytest.mark.parametrize("moved", [None, "1 hour", "-1 hour"], ids=["paused", "clock ahead", "clock back"])
async def test_a_run_that_was_abandoned_and_comes_back_reports_its_end(programme: Programme, moved: str | None) -> None:
    """Its process was paused beyond its lease, or the database's clock jumped; another run took
    over one claim meanwhile."""
    await programme.people(6)
    run_id, units = await programme.claimed_units(reserved_seconds=30)
    await programme.store.arm(units[:4], lease_seconds=600)
    await later(programme, seconds=91)
    another = await programme.run()
    assert await programme.store.lease(another, Selection(scenarios=("nudge",)), limit=1, lease_seconds=60) == 1
    assert (await programme.store.sweep())["runs"] == 1
    abandoned = (await programme.rows("select * from rekindle.run where run_id = %s", run_id))[0]
    if moved is not None:
        await later(programme, seconds=91 + timedelta(hours=int(moved.split()[0])).total_seconds())
    await programme.store.record(run_id, [Acceptance(unit, f"n/{unit.claim_id}") for unit in units[:4]])
    assert await programme.store.release(run_id) == 0  # the sweep has done it
    counted = await programme.store.count_run(run_id)
    assert (counted.status, counted.finished_at) == ("abandoned", abandoned["finished_at"])
    report = await programme.store.count_run(run_id, status="done")
    assert (report.status, report.abandoned_at) == ("done", abandoned["abandoned_at"])
    assert report.finished_at is not None
    (nudge,) = report.scenarios
    assert (nudge.claimed, nudge.recorded, nudge.pending, nudge.handed_over) == (6, 4, 1, 1)
    await programme.store.sweep()
    assert await programme.value("select status from rekindle.run where run_id = %s", run_id) == "done"


async def test_one_sweep_at_a_time(programme: Programme) -> None:
    async with programme.sql.transaction():
        await programme.sql.execute(statement("lock_if_free"), {"name": "sweep"})
        assert await programme.store.sweep() == {}
    assert await programme.store.sweep() != {}
