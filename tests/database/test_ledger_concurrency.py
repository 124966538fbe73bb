"""Many concurrent statements: one winner each, no deadlock and no error, in any order."""

import asyncio
import random
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from rekindle.model import Acceptance, Ending, Selection, Unit
from team.programme import Programme, open_programme, scenario, wanted

NUDGE = Selection(scenarios=("nudge",))


async def deadlocks(programme: Programme) -> int:
    await programme.sql.execute("select pg_stat_clear_snapshot()")
    return await programme.value("select deadlocks from pg_stat_database where datname = current_database()")


async def test_sixteen_claims_of_the_same_five_hundred_people_claim_each_of_them_once(database_url: str) -> None:
    async with open_programme(database_url, connections=16) as programme:
        users = await programme.people(500, devices=2)
        await programme.sql.execute("insert into team.activity select user_id, now() from team.person")
        kind = scenario("milestone", at=[1])
        runs = [await programme.run() for _ in range(16)]
        numbers = await asyncio.gather(*(programme.claim(kind, run_id=run_id) for run_id in runs))
        assert sum(one.claimed for one in numbers) == 500
        for one in numbers:
            assert one.evaluated == one.not_due + one.refused + one.claimed == 500
            assert set(one.refusals) <= {"in_flight", "claimed_elsewhere"}
        held = [unit for run_id in runs for unit in await programme.held(run_id)]
        assert sorted({unit.user_id for unit in held}) == users
        assert len({unit.claim_id for unit in held}) == 500
        assert len(held) == 1_000
        assert await deadlocks(programme) == 0


async def test_runs_that_lease_at_once_share_the_units_without_overlap(database_url: str) -> None:
    async with open_programme(database_url, connections=12) as programme:
        await programme.people(300)
        run_id, units = await programme.claimed_units()
        await programme.store.release(run_id)
        runs = [await programme.run() for _ in range(12)]

        async def take(one: UUID) -> list[Unit]:
            while await programme.store.lease(one, NUDGE, limit=20, lease_seconds=60):
                pass
            return await programme.held(one)

        taken = await asyncio.gather(*(take(one) for one in runs))
        keys = [(unit.claim_id, unit.device_id) for some in taken for unit in some]
        assert len(keys) == len(set(keys))
        # A lease skips units that another is taking, so some may be left; the next lease finds
        # them.
        await programme.store.lease(runs[0], NUDGE, limit=1_000, lease_seconds=60)
        held = [unit for one in runs for unit in await programme.held(one)]
        assert len(held) == len(units) == 300


async def test_writes_of_overlapping_batches_in_any_order_do_not_deadlock(database_url: str) -> None:
    async with open_programme(database_url, connections=16) as programme:
        await programme.people(150, devices=2)
        run_id, units = await programme.claimed_units()
        draw = random.Random(7)

        def batches(count: int, size: int) -> list[Sequence[Unit]]:
            return [draw.sample(units, size) for _ in range(count)]

        store = programme.store
        armed = await asyncio.gather(*(store.arm(batch, lease_seconds=60) for batch in batches(24, 200)))
        once = [key for answers in armed for key in answers]
        assert len(once) == len(set(once)), "one unit was armed twice"
        await store.arm(units, lease_seconds=60)
        writes = [store.record(run_id, [Acceptance(unit, "n") for unit in batch]) for batch in batches(12, 60)]
        writes += [store.hold([(unit, "timeout") for unit in batch]) for batch in batches(8, 40)]
        writes += [
            store.finish(run_id, [Ending(unit, "dead", "x", prune=True) for unit in batch]) for batch in batches(8, 40)
        ]
        writes += [store.retry([(unit, "x", 60.0) for unit in batch]) for batch in batches(8, 40)]
        writes += [store.sweep() for _ in range(6)]
        draw.shuffle(writes)
        await asyncio.gather(*writes)
        assert await deadlocks(programme) == 0
        for unit in units:
            assert await programme.state(unit) is not None
        free = "select count(*) from rekindle.gate g join rekindle.outbox o using (user_id) where g.inflight is null"
        assert await programme.value(free) == 0, "a gate is open while a unit of its claim lives"


async def test_claims_records_and_sweeps_of_several_scenarios_run_side_by_side(database_url: str) -> None:
    async with open_programme(database_url, connections=16) as programme:
        await programme.people(120)

        async def cycle(name: str) -> int:
            run_id = await programme.run()
            numbers = await programme.claim(wanted(), run_id=run_id, scenario_type=name)
            units = await programme.held(run_id, name)
            await programme.store.arm(units, lease_seconds=60)
            await programme.store.record(run_id, [Acceptance(unit, "n") for unit in reversed(units)])
            await programme.store.sweep()
            report = await programme.store.count_run(run_id, status="done")
            assert sum(one.recorded for one in report.scenarios) == numbers.claimed
            return numbers.claimed

        claimed = await asyncio.gather(*(cycle(f"s{number % 4}") for number in range(16)))
        assert sum(claimed) == 480
        assert await programme.value("select count(*) from rekindle.scenario_notification") == 480
        assert await deadlocks(programme) == 0
        shortest = await programme.value("select min(next_at - now()) from rekindle.gate")
        assert shortest > timedelta(hours=23)


async def test_concurrent_claims_share_the_places_under_a_cap_and_leave_no_gate_shut_without_a_claim(
    database_url: str,
) -> None:
    async with open_programme(database_url, connections=16) as programme:
        users = await programme.people(300)
        capped = wanted(caps=["2 per 1d"])
        # Two of eight get a place. No claim reserves a place for another: each decides by what it
        # reads, and then by the lock.
        names = [f"s{number}" for number in range(8)]
        numbers = await asyncio.gather(*(programme.claim(capped, scenario_type=name) for name in names))
        assert sum(one.claimed for one in numbers) == 600
        for one in numbers:
            assert one.claimed + one.refused == 300
            assert set(one.refusals) <= {"frequency_cap"}
        won = await programme.rows("select user_id, count(*) as claims from rekindle.outbox group by 1 order by 1")
        assert [(row["user_id"], row["claims"]) for row in won] == [(user_id, 2) for user_id in users]
        # A claim that won a gate and found the cap full gave the gate back, as if it had never been
        # shut.
        shut = await programme.rows("select user_id, scenario_type from rekindle.gate where inflight is not null"
                                    " or next_at > rekindle.clock() order by 1, 2")  # fmt: skip
        held = await programme.rows("select user_id, scenario_type from rekindle.outbox order by 1, 2")
        assert shut == held
        counted = "select count(*) from rekindle.cap, jsonb_object_keys(counted) claim"
        assert await programme.value(counted) == 600
        assert await programme.value(f"{counted} join rekindle.outbox o on o.claim_id::text = claim") == 600
        assert await deadlocks(programme) == 0
        again = await asyncio.gather(*(programme.claim(capped, scenario_type=name) for name in names))
        assert sum(one.claimed for one in again) == 0


async def test_a_claim_and_the_record_of_another_scenario_meet_at_a_cap_without_losing_either(
    database_url: str,
) -> None:
    async with open_programme(database_url, connections=12) as programme:
        await programme.people(200)
        capped = wanted(caps=["30 per 7d"])

        async def cycle(name: str) -> None:
            run_id = await programme.run()
            await programme.claim(capped, run_id=run_id, scenario_type=name)
            units = await programme.held(run_id, name)
            await programme.store.arm(units, lease_seconds=60)
            for half in (units[::2], units[1::2]):
                await programme.store.record(run_id, [Acceptance(unit, "n") for unit in half])

        await asyncio.gather(*(cycle(f"s{number}") for number in range(10)))
        assert await programme.value("select count(*) from rekindle.scenario_notification") == 2_000
        kept = await programme.rows(
            "select count(*) as claims, count(*) filter (where since = 'null') as alive, "
            "count(n.id) as recorded from rekindle.cap cross join jsonb_each(counted) claim (id, since) "
            "left join rekindle.scenario_notification n on n.id::text = claim.id"
        )
        assert kept == [{"claims": 2_000, "alive": 0, "recorded": 2_000}]
        assert await deadlocks(programme) == 0
