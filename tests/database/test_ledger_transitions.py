"""Lease, arm, retry, hold, finish, release: each changes only what is still the caller's, and in
its state."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from rekindle.model import Acceptance, Ending, Selection, Unit
from rekindle.policy import REFUSED_COOLDOWN_SECONDS
from team.programme import Programme, open_programme, wanted

NOW = datetime(2026, 3, 10, 11, 30, tzinfo=UTC)
NUDGE = Selection(scenarios=("nudge",))


@pytest.fixture
async def programme(database_url: str) -> AsyncIterator[Programme]:
    async with open_programme(database_url) as programme:
        await programme.at(NOW)
        yield programme


async def later(programme: Programme, **by: float) -> None:
    await programme.at(NOW + timedelta(**by))


async def take_over(programme: Programme, run_id: UUID) -> list[Unit]:
    await programme.store.lease(run_id, NUDGE, limit=1_000, lease_seconds=60)
    return await programme.held(run_id)


def key(unit: Unit) -> tuple[UUID, UUID]:
    return unit.claim_id, unit.device_id


async def states(programme: Programme, units: Sequence[Unit]) -> list[str | None]:
    return [await programme.state(unit) for unit in units]


async def test_a_unit_is_not_taken_over_before_its_lease_is_over_and_then_by_one_run_only(
    programme: Programme,
) -> None:
    await programme.people(5)
    _, units = await programme.claimed_units(reserved_seconds=60)
    second, third = await programme.run(), await programme.run()
    await later(programme, seconds=59)
    assert await take_over(programme, second) == []
    await later(programme, seconds=61)
    taken = await take_over(programme, second)
    assert sorted(map(key, taken)) == sorted(map(key, units))
    assert {unit.epoch for unit in taken} == {2}
    assert await take_over(programme, third) == []
    assert await programme.store.arm(units, lease_seconds=30) == {}, "the former holder's epoch has passed"


async def test_an_armed_recorded_or_unknown_unit_is_never_leased_again(programme: Programme) -> None:
    await programme.people(3)
    run_id, units = await programme.armed_units()
    await programme.store.record(run_id, [Acceptance(units[0], "n/1")])
    await programme.store.hold([(units[1], "timeout")])
    await later(programme, hours=2)
    assert await take_over(programme, await programme.run()) == []
    assert await states(programme, units) == ["recorded", "unknown", "dispatching"]


async def test_a_released_unit_may_be_leased_at_once_and_an_armed_one_is_not_released(programme: Programme) -> None:
    await programme.people(4)
    run_id, units = await programme.claimed_units()
    await programme.store.arm(units[:1], lease_seconds=30)
    assert await programme.store.waiting(run_id, NUDGE) == 3
    assert await programme.store.release(run_id) == 3
    assert await programme.held(run_id) == []
    assert len(await take_over(programme, await programme.run())) == 3


async def test_a_lease_takes_no_more_than_its_limit_and_only_of_its_selection(programme: Programme) -> None:
    users = await programme.people(6)
    run_id, _ = await programme.claimed_units()
    await programme.store.release(run_id)
    another = await programme.run()
    assert await programme.store.lease(another, NUDGE, limit=2, lease_seconds=60) == 2
    assert await programme.store.lease(another, Selection(scenarios=("other",)), limit=9, lease_seconds=60) == 0
    left = [user for user in users if user not in {unit.user_id for unit in await programme.held(another)}]
    chosen = replace(NUDGE, user_id=left[0])
    assert await programme.store.lease(another, chosen, limit=9, lease_seconds=60) == 1
    organisation = await programme.value("select organisation_id from team.person where user_id = %s", left[1])
    chosen = replace(NUDGE, organisations=(organisation,))
    assert await programme.store.lease(another, chosen, limit=9, lease_seconds=60) == 1


async def test_a_unit_is_armed_once(programme: Programme) -> None:
    await programme.people(2)
    _, units = await programme.claimed_units()
    assert await programme.store.arm(units, lease_seconds=30) == {key(unit): "armed" for unit in units}
    assert await programme.store.arm(units, lease_seconds=30) == {}


async def test_a_unit_whose_key_another_writer_has_recorded_is_not_armed_and_ends_skipped(
    programme: Programme,
) -> None:
    users = await programme.people(2)
    run_id, units = await programme.claimed_units()
    await programme.sql.execute(
        "insert into rekindle.scenario_notification (id, user_id, scenario_type, idempotency_key)"
        " values (gen_random_uuid(), %s, 'nudge', %s)",
        [units[0].user_id, units[0].idempotency_key],
    )
    armed = await programme.store.arm(units, lease_seconds=30)
    assert armed == {key(units[0]): "already_recorded", key(units[1]): "armed"}
    assert await states(programme, units) == ["claimed", "dispatching"]
    assert await programme.store.finish(run_id, [Ending(units[0], "skipped", "already_recorded")]) == 1
    assert await states(programme, units) == ["skipped:already_recorded", "dispatching"]
    assert {unit.user_id for unit in units} == set(users)


async def test_a_retry_waits_for_its_time_and_then_any_run_may_lease_it(programme: Programme) -> None:
    await programme.people(1)
    _, units = await programme.armed_units()
    assert await programme.store.retry([(units[0], "quota_exceeded", 90.0)]) == 1
    assert await programme.store.retry([(units[0], "quota_exceeded", 90.0)]) == 0
    another = await programme.run()
    await later(programme, seconds=89)
    assert await take_over(programme, another) == []
    await later(programme, seconds=90)
    taken = await take_over(programme, another)
    assert [(unit.epoch, unit.attempts) for unit in taken] == [(2, 1)]


@pytest.mark.parametrize("write", ["retry", "hold", "finish", "record"])
async def test_every_write_of_a_former_holder_changes_nothing(programme: Programme, write: str) -> None:
    user = (await programme.people(1))[0]
    first, units = await programme.armed_units()
    await programme.store.retry([(units[0], "quota_exceeded", 1.0)])
    await later(programme, minutes=1)
    second = await programme.run()
    new = await take_over(programme, second)
    await programme.store.arm(new, lease_seconds=30)
    gate = await programme.gate(user)
    stale = units[0]
    match write:
        case "retry":
            assert await programme.store.retry([(stale, "x", 1.0)]) == 0
        case "hold":
            assert await programme.store.hold([(stale, "x")]) == 0
        case "finish":
            assert await programme.store.finish(first, [Ending(stale, "dead", "x", prune=True)]) == 0
            assert await programme.rows("select * from rekindle.disabled_token") == []
        case _:
            assert await programme.store.record(first, [Acceptance(stale, "n/1")]) == ["stale"]
    assert await programme.state(new[0]) == "dispatching"
    assert await programme.gate(user) == gate
    assert await programme.store.record(second, [Acceptance(new[0], "n/2")]) == ["recorded"]


async def test_a_claim_that_was_refused_frees_its_gate_early(programme: Programme) -> None:
    user = (await programme.people(1))[0]
    run_id, units = await programme.armed_units(wanted(cooldown="7d"))
    assert await programme.store.finish(run_id, [Ending(units[0], "dead", "invalid_argument")]) == 1
    gate = await programme.gate(user)
    assert gate is not None
    assert gate["inflight"] is None
    assert gate["opens_in"] == REFUSED_COOLDOWN_SECONDS
    assert (await programme.claim(wanted())).refusals == {"cooldown": 1}
    await later(programme, seconds=REFUSED_COOLDOWN_SECONDS)
    assert (await programme.claim(wanted())).claimed == 1


async def test_an_occurrence_that_is_refused_for_good_again_and_again_waits_twice_as_long_each_time(
    programme: Programme,
) -> None:
    user = (await programme.people(1))[0]
    waits: list[Any] = []
    for _ in range(4):
        run_id, units = await programme.armed_units(wanted(cooldown="5h"))
        await programme.store.finish(run_id, [Ending(unit, "dead", "too_large") for unit in units])
        gate = await programme.gate(user)
        assert gate is not None
        waits.append(gate["opens_in"])
        await later(programme, seconds=sum(waits))
    hour = REFUSED_COOLDOWN_SECONDS
    assert waits == [hour, 2 * hour, 4 * hour, 5 * hour]
    # What an operator has settled as not sent does not count.
    await programme.rows("update rekindle.outcome set reason = 'settled_not_sent'")
    run_id, units = await programme.armed_units(wanted(cooldown="5h"))
    await programme.store.finish(run_id, [Ending(units[0], "dead", "too_large")])
    gate = await programme.gate(user)
    assert gate is not None
    assert gate["opens_in"] == hour


async def test_a_refused_claim_with_a_short_cooldown_waits_no_longer_than_that(programme: Programme) -> None:
    user = (await programme.people(1))[0]
    run_id, units = await programme.armed_units(wanted(cooldown="10m"))
    await programme.store.finish(run_id, [Ending(units[0], "dead", "invalid_argument")])
    gate = await programme.gate(user)
    assert gate is not None
    assert gate["opens_in"] == 600


@pytest.mark.parametrize("order", [["finish", "record"], ["record", "finish"], ["hold", "finish"], ["finish", "hold"]])
async def test_a_gate_stays_shut_for_the_whole_cooldown_if_a_device_was_or_may_have_been_reached(
    programme: Programme, order: list[str]
) -> None:
    user = (await programme.people(1, devices=2))[0]
    run_id, units = await programme.armed_units(wanted(cooldown="7d"))
    for what, unit in zip(order, units, strict=True):
        gate = await programme.gate(user)
        assert gate is not None
        assert gate["inflight"] == unit.claim_id, "freed while a unit of the claim lives"
        match what:
            case "finish":
                await programme.store.finish(run_id, [Ending(unit, "dead", "x")])
            case "record":
                await programme.store.record(run_id, [Acceptance(unit, "n/1")])
            case _:
                await programme.store.hold([(unit, "timeout")])
    await later(programme, minutes=30)
    await programme.store.sweep()
    gate = await programme.gate(user)
    assert gate is not None
    assert gate["inflight"] is None
    assert gate["opens_in"] > 6 * 86_400


async def test_a_token_proven_dead_is_disabled_with_the_time_of_the_send_and_others_are_not(
    programme: Programme,
) -> None:
    await programme.people(2)
    run_id, units = await programme.armed_units()
    await later(programme, seconds=5)
    endings = [Ending(units[0], "skipped", "unregistered", prune=True), Ending(units[1], "dead", "invalid_argument")]
    assert await programme.store.finish(run_id, endings) == 2
    rows = await programme.rows("select device_id, reason, sent_at from rekindle.disabled_token")
    assert rows == [{"device_id": units[0].device_id, "reason": "unregistered", "sent_at": NOW}]


async def test_a_unit_that_was_never_sent_disables_no_token(programme: Programme) -> None:
    await programme.people(1)
    run_id, units = await programme.claimed_units()
    assert await programme.store.finish(run_id, [Ending(units[0], "dead", "x", prune=True)]) == 1
    assert await programme.rows("select * from rekindle.disabled_token") == []


async def test_a_unit_past_its_relevance_is_neither_held_nor_leased(programme: Programme) -> None:
    await programme.people(1)
    run_id, _ = await programme.claimed_units(wanted(relevance="1h"), reserved_seconds=7_200)
    await later(programme, hours=1)
    assert await programme.held(run_id) == []
    await programme.store.release(run_id)
    assert await take_over(programme, await programme.run()) == []


async def test_the_more_urgent_scenario_is_handed_out_first(programme: Programme) -> None:
    await programme.people(3)
    run_id = await programme.run()
    await programme.claim(wanted(priority=10), run_id=run_id, scenario_type="calm")
    await programme.claim(wanted(priority=90), run_id=run_id, scenario_type="urgent")
    units = await programme.store.leased(run_id, Selection(scenarios=("calm", "urgent")), limit=4)
    assert [unit.scenario_type for unit in units] == ["urgent"] * 3 + ["calm"]


async def test_an_empty_batch_changes_nothing(programme: Programme) -> None:
    run_id = await programme.run()
    store = programme.store
    assert await store.arm([], lease_seconds=30) == {}
    assert await store.record(run_id, []) == []
    assert [await store.retry([]), await store.hold([]), await store.finish(run_id, [])] == [0, 0, 0]
