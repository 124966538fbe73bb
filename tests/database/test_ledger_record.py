"""The record: one row per claim, only after an acceptance, also if answers come late, twice or
from another writer."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from psycopg import errors

from rekindle.model import Acceptance, Selection, Unit
from rekindle.policy import HOLD_SECONDS
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


def accepted(unit: Unit) -> Acceptance:
    return Acceptance(unit, f"projects/p/messages/{unit.device_id}")


async def counts(programme: Programme) -> tuple[int, int, int, int]:
    """Notifications, deliveries, outcomes and live units."""
    row = await programme.rows(
        "select (select count(*) from rekindle.scenario_notification) as n,"
        " (select count(*) from rekindle.delivery) as d,"
        " (select count(*) from rekindle.outcome) as o, (select count(*) from rekindle.outbox) as u"
    )
    return row[0]["n"], row[0]["d"], row[0]["o"], row[0]["u"]


async def other_writer(programme: Programme, unit: Unit, *, key: str | None = None) -> None:
    """Another program writes to the same table, with the unit's key or for its cooldown window."""
    await programme.sql.execute(
        "insert into rekindle.scenario_notification (id, user_id, scenario_type, idempotency_key,"
        " cooldown_window_start) values (gen_random_uuid(), %s, 'nudge', %s, %s)",
        [unit.user_id, key or unit.idempotency_key, NOW if key else None],
    )


async def test_an_acceptance_becomes_a_notification_a_delivery_and_a_cooldown_from_now(programme: Programme) -> None:
    user = (await programme.people(1))[0]
    run_id, units = await programme.armed_units()
    await programme.at(NOW + timedelta(seconds=20))
    assert await programme.store.record(run_id, [accepted(units[0])]) == ["recorded"]
    assert await counts(programme) == (1, 1, 0, 0)
    gate = await programme.gate(user)
    assert gate is not None
    assert (gate["inflight"], gate["opens_in"]) == (None, 86_400)


async def test_recording_the_same_acceptance_again_changes_nothing_and_says_recorded(programme: Programme) -> None:
    user = (await programme.people(1))[0]
    run_id, units = await programme.armed_units()
    await programme.store.record(run_id, [accepted(units[0])])
    gate = await programme.gate(user)
    await programme.at(NOW + timedelta(seconds=20))
    before = await programme.rows("select * from rekindle.scenario_notification")
    assert await programme.store.record(run_id, [accepted(units[0])]) == ["recorded"]
    assert await programme.rows("select * from rekindle.scenario_notification") == before
    assert await counts(programme) == (1, 1, 0, 0)
    after = await programme.gate(user)
    assert gate is not None
    assert after is not None
    assert after["next_at"] == gate["next_at"]


async def test_a_second_device_adds_a_delivery_to_the_claims_one_notification(programme: Programme) -> None:
    user = (await programme.people(1, devices=3))[0]
    run_id, units = await programme.armed_units()
    assert await programme.store.record(run_id, [accepted(unit) for unit in units[:2]]) == ["recorded"] * 2
    gate = await programme.gate(user)
    assert gate is not None
    assert gate["inflight"] == units[0].claim_id
    assert await programme.store.record(run_id, [accepted(units[2])]) == ["recorded"]
    assert await counts(programme) == (1, 3, 0, 0)
    gate = await programme.gate(user)
    assert gate is not None
    assert gate["inflight"] is None


@pytest.mark.parametrize("closed", [False, True], ids=["while it is held", "after the hold"])
async def test_a_late_answer_becomes_the_record_and_leaves_no_unknown(programme: Programme, closed: bool) -> None:
    await programme.people(1)
    run_id, units = await programme.armed_units()
    await programme.store.hold([(units[0], "timeout")])
    assert await programme.state(units[0]) == "unknown"
    if closed:
        await programme.at(NOW + timedelta(seconds=HOLD_SECONDS + 1))
        await programme.store.sweep()
        assert await programme.state(units[0]) == "unknown:timeout"
    assert await programme.store.record(run_id, [accepted(units[0])]) == ["recorded"]
    assert await counts(programme) == (1, 1, 0, 0)
    assert await programme.value("select was_unknown from rekindle.delivery") is True


async def test_a_unit_that_is_not_armed_is_not_recorded(programme: Programme) -> None:
    await programme.people(1)
    run_id, units = await programme.claimed_units()
    assert await programme.store.record(run_id, [accepted(units[0])]) == ["stale"]
    assert await counts(programme) == (0, 0, 0, 1)


async def test_a_key_that_another_writer_holds_is_a_conflict_kept_as_unknown_and_the_rest_is_recorded(
    programme: Programme,
) -> None:
    await programme.people(5)
    run_id, units = await programme.armed_units()
    await other_writer(programme, units[2])
    verdicts = await programme.store.record(run_id, [accepted(unit) for unit in units])
    assert verdicts == ["recorded", "recorded", "conflict", "recorded", "recorded"]
    assert await programme.state(units[2]) == "unknown:record_conflict"
    assert await counts(programme) == (5, 4, 1, 0)
    assert await programme.store.record(run_id, [accepted(units[2])]) == ["stale"]


async def test_a_cooldown_window_that_another_writer_holds_is_a_conflict_and_the_rest_is_recorded(
    programme: Programme,
) -> None:
    await programme.people(5)
    run_id, units = await programme.armed_units()
    await other_writer(programme, units[3], key="another formula")
    verdicts = await programme.store.record(run_id, [accepted(unit) for unit in units])
    assert verdicts == ["recorded", "recorded", "recorded", "conflict", "recorded"]
    assert await programme.state(units[3]) == "unknown"
    assert await programme.value("select reason from rekindle.outbox") == "record_conflict"
    await programme.at(NOW + timedelta(seconds=HOLD_SECONDS + 1))
    await programme.store.sweep()
    assert await programme.state(units[3]) == "unknown:record_conflict"


async def test_a_late_answer_that_waits_while_the_sweep_closes_its_unit_becomes_the_record_all_the_same(
    programme: Programme,
) -> None:
    await programme.people(1)
    run_id, [unit] = await programme.armed_units()
    await programme.store.hold([(unit, "timeout")])
    await programme.at(NOW + timedelta(seconds=HOLD_SECONDS + 1))
    sweeper = await connect(programme.database.url)
    async with sweeper, asyncio.timeout(WAIT_SECONDS):
        await sweeper.execute("begin")
        await sweeper.execute(statement("sweep_unknown"))
        recording = asyncio.create_task(programme.store.record(run_id, [accepted(unit)]))
        while not await programme.rows(
            "select pid from pg_stat_activity where wait_event_type = 'Lock' and query ~ 'rekindle:record'"
        ):
            await asyncio.sleep(0.01)
        await sweeper.execute("commit")
        assert await recording == ["recorded"]
    assert await counts(programme) == (1, 1, 0, 0)


async def test_a_late_answer_whose_key_a_later_claim_has_taken_stays_unknown(programme: Programme) -> None:
    user = await programme.person()
    await programme.want(user)
    short = wanted(cooldown="1m")
    first, [lost] = await programme.armed_units(short)
    await programme.store.hold([(lost, "timeout")])
    await programme.at(NOW + timedelta(seconds=HOLD_SECONDS + 1))
    await programme.store.sweep()
    await programme.at(NOW + timedelta(hours=1))
    await programme.want(user, occurrence="another")
    second, [again] = await programme.armed_units(short)
    assert again.idempotency_key == lost.idempotency_key
    assert await programme.store.record(second, [accepted(again)]) == ["recorded"]
    assert await programme.store.record(first, [accepted(lost)]) == ["conflict"]
    assert [await programme.state(unit) for unit in (lost, again)] == ["unknown:record_conflict", "recorded"]


async def test_two_claims_of_one_key_in_one_batch_are_one_record_and_one_conflict(programme: Programme) -> None:
    user = await programme.person()
    await programme.want(user)
    short = wanted(cooldown="1m")
    _, [lost] = await programme.armed_units(short)
    await programme.store.hold([(lost, "timeout")])
    await programme.at(NOW + timedelta(seconds=HOLD_SECONDS + 1))
    await programme.store.sweep()
    await programme.at(NOW + timedelta(hours=1))
    await programme.want(user, occurrence="another")
    run_id, [again] = await programme.armed_units(short)
    verdicts = await programme.store.record(run_id, [accepted(lost), accepted(again)])
    assert sorted(verdicts) == ["conflict", "recorded"]
    assert (await counts(programme))[:2] == (1, 1)


async def test_the_epoch_of_a_closed_unknown_fences_a_late_answer(programme: Programme) -> None:
    await programme.people(1)
    run_id, [old] = await programme.armed_units()
    await programme.store.retry([(old, "quota_exceeded", 1.0)])
    await programme.at(NOW + timedelta(minutes=2))
    second = await programme.run()
    await programme.store.lease(second, Selection(scenarios=("nudge",)), limit=9, lease_seconds=60)
    [new] = await programme.held(second)
    await programme.store.arm([new], lease_seconds=30)
    await programme.store.hold([(new, "timeout")])
    await programme.at(NOW + timedelta(hours=1))
    await programme.store.sweep()
    assert await programme.store.record(run_id, [accepted(old)]) == ["stale"]
    assert await programme.store.record(second, [accepted(new)]) == ["recorded"]


async def test_two_recorders_of_two_devices_at_once_leave_one_notification_and_the_sweep_frees_the_gate(
    programme: Programme,
) -> None:
    users = await programme.people(40, devices=2)
    run_id, units = await programme.armed_units()
    by_claim: dict[object, list[Unit]] = {}
    for unit in units:
        by_claim.setdefault(unit.claim_id, []).append(unit)
    halves = [[pair[n] for pair in by_claim.values()] for n in (0, 1)]
    verdicts = await asyncio.gather(
        *(programme.store.record(run_id, [accepted(unit) for unit in half]) for half in halves)
    )
    assert verdicts == [["recorded"] * 40] * 2
    assert await counts(programme) == (40, 80, 0, 0)
    await programme.store.sweep()
    gates = await programme.rows("select inflight from rekindle.gate")
    assert len(gates) == len(users)
    assert {gate["inflight"] for gate in gates} == {None}
    opening = "select min(next_at) from rekindle.gate"
    assert await programme.value(opening) == NOW + timedelta(days=1)


async def test_the_same_acceptance_recorded_by_several_at_once_is_one_delivery(programme: Programme) -> None:
    await programme.people(20)
    run_id, units = await programme.armed_units()
    verdicts = await asyncio.gather(
        *(programme.store.record(run_id, [accepted(unit) for unit in units]) for _ in range(4))
    )
    assert {verdict for batch in verdicts for verdict in batch} <= {"recorded", "stale"}
    for number in range(len(units)):
        assert "recorded" in {batch[number] for batch in verdicts}
    assert await counts(programme) == (20, 20, 0, 0)


async def test_an_answer_for_a_unit_that_does_not_exist_is_stale(programme: Programme) -> None:
    await programme.people(1)
    run_id, [unit] = await programme.armed_units()
    assert await programme.store.record(run_id, [accepted(replace(unit, claim_id=uuid4()))]) == ["stale"]


@pytest.mark.parametrize("column", ["run_id", "user_id", "dispatched_at", "idempotency_key", "occurrence"])
async def test_nobody_changes_a_record_that_was_written(programme: Programme, column: str) -> None:
    """Not even its owner. The worker has a right to one column, because an upsert needs one."""
    await programme.want(*await programme.people(1))
    run_id, units = await programme.armed_units()
    await programme.store.record(run_id, [accepted(units[0])])
    for role in ("rekindle_worker", "session_user"):
        async with programme.sql.transaction(force_rollback=True):
            if role == "rekindle_worker":
                await programme.sql.execute("set local role rekindle_worker")
            with pytest.raises(errors.InsufficientPrivilege):
                await programme.sql.execute(f"update rekindle.scenario_notification set {column} = null".encode())
    await programme.sql.execute("update rekindle.scenario_notification set run_id = run_id")
