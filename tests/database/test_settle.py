"""An operator settles an uncertain send: it becomes recorded, or not sent and free again.
Nothing else can be settled."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import psycopg
import pytest

from conftest import one_server, shift_clock
from rekindle.errors import BadArgument
from rekindle.model import Acceptance, Unit
from rekindle.policy import HOLD_SECONDS
from rekindle.postgres.settle import settle
from team.programme import Programme, open_programme, wanted

server = one_server


@pytest.fixture
async def programme(database_url: str) -> AsyncIterator[Programme]:
    async with open_programme(database_url) as one:
        yield one


async def person_with_held_sends(programme: Programme, *, devices: int = 1) -> tuple[UUID, list[Unit]]:
    """One person; all of their sends are held for a late answer."""
    await programme.people(1, devices=devices)
    run_id, units = await programme.armed_units()
    await programme.store.hold([(unit, "timeout") for unit in units])
    return run_id, units


async def end_hold(programme: Programme) -> None:
    """The hold is over."""
    shift_clock(programme.database.url, f"{HOLD_SECONDS + 1} s")
    swept = await programme.store.sweep()
    assert swept["unknown"] > 0


async def next_claim(programme: Programme, occurrence: str = "once") -> dict[str, int]:
    """The person's result at the next claim: 'claimed', or the refusal."""
    await programme.sql.execute("update team.wanted set occurrence = %s", [occurrence])
    numbers = await programme.claim(wanted())
    return {"claimed": numbers.claimed} if numbers.claimed else dict(numbers.refusals)


@pytest.mark.parametrize("closed", [False, True], ids=["held", "closed"])
async def test_a_send_settled_as_sent_is_recorded_under_the_given_name_and_spends_the_cooldown(
    programme: Programme, closed: bool
) -> None:
    _, (unit,) = await person_with_held_sends(programme)
    if closed:
        await end_hold(programme)
    assert await settle(programme.database, unit.claim_id, provider_name="projects/p/messages/7") == 1
    assert await programme.state(unit) == "recorded"
    (delivery,) = await programme.rows("select provider_name, was_unknown from rekindle.delivery")
    assert delivery == {"provider_name": "projects/p/messages/7", "was_unknown": True}
    gate = await programme.gate(unit.user_id)
    assert gate is not None
    assert (gate["inflight"], gate["opens_in"]) == (None, pytest.approx(86_400, abs=5))
    assert await next_claim(programme) == {"already_notified": 1}
    assert await next_claim(programme, "second") == {"cooldown": 1}


@pytest.mark.parametrize("closed", [False, True], ids=["held", "closed"])
async def test_a_send_settled_as_not_sent_is_dead_and_the_person_can_be_claimed_at_once(
    programme: Programme, closed: bool
) -> None:
    _, (unit,) = await person_with_held_sends(programme)
    if closed:
        await end_hold(programme)
        assert await next_claim(programme) == {"already_notified": 1}
    assert await settle(programme.database, unit.claim_id, provider_name=None) == 1
    assert await programme.state(unit) == "dead:settled_not_sent"
    assert await next_claim(programme) == {"claimed": 1}


async def test_a_push_that_another_person_got_does_not_keep_the_gate_of_this_person_shut(programme: Programme) -> None:
    await programme.people(2)
    run_id, (unit, other) = await programme.armed_units()
    await programme.store.record(run_id, [Acceptance(other, "n")])
    await programme.store.hold([(unit, "timeout")])
    await settle(programme.database, unit.claim_id, provider_name=None)
    gate = await programme.gate(unit.user_id)
    assert gate is not None
    assert (gate["inflight"], gate["opens_in"] <= 0) == (None, True)


async def test_a_claim_that_has_no_uncertain_send_is_refused_and_nothing_changes(programme: Programme) -> None:
    await programme.people(3)
    run_id, (claimed, sending, recorded) = await programme.claimed_units()
    await programme.store.arm([sending, recorded], lease_seconds=30)
    await programme.store.record(run_id, [Acceptance(recorded, "one")])
    before = await programme.rows("select * from rekindle.gate order by user_id")
    for claim_id in (claimed.claim_id, sending.claim_id, recorded.claim_id, uuid4()):
        for name in (None, "projects/p/messages/7"):
            with pytest.raises(BadArgument, match=f"RK106: claim {claim_id} has no send"):
                await settle(programme.database, claim_id, provider_name=name)
    states = [await programme.state(unit) for unit in (claimed, sending, recorded)]
    assert states == ["claimed", "dispatching", "recorded"]
    assert await programme.rows("select * from rekindle.gate order by user_id") == before


async def test_settling_twice_is_refused_the_second_time(programme: Programme) -> None:
    _, (unit,) = await person_with_held_sends(programme)
    assert await settle(programme.database, unit.claim_id, provider_name=None) == 1
    with pytest.raises(BadArgument):
        await settle(programme.database, unit.claim_id, provider_name=None)
    with pytest.raises(BadArgument):
        await settle(programme.database, unit.claim_id, provider_name="name")


async def test_a_sent_push_that_another_program_recorded_stays_unknown_and_the_operator_learns_why(
    programme: Programme,
) -> None:
    _, (unit,) = await person_with_held_sends(programme)
    await programme.sql.execute(
        "insert into rekindle.scenario_notification (id, user_id, scenario_type, idempotency_key)"
        " values (gen_random_uuid(), %s, 'nudge', %s)",
        [unit.user_id, unit.idempotency_key],
    )
    for _ in range(2):
        with pytest.raises(BadArgument, match="another program has recorded its idempotency key"):
            await settle(programme.database, unit.claim_id, provider_name="projects/p/messages/7")
        assert await programme.state(unit) == "unknown:record_conflict"
    assert await settle(programme.database, unit.claim_id, provider_name=None) == 1
    assert await programme.state(unit) == "dead:settled_not_sent"


async def test_a_late_answer_that_came_first_wins(programme: Programme) -> None:
    run_id, (unit,) = await person_with_held_sends(programme)
    assert await programme.store.record(run_id, [Acceptance(unit, "late")]) == ["recorded"]
    with pytest.raises(BadArgument):
        await settle(programme.database, unit.claim_id, provider_name=None)
    assert await programme.state(unit) == "recorded"


async def test_a_late_answer_that_comes_after_not_sent_is_stale_and_does_not_shut_the_gate(
    programme: Programme,
) -> None:
    run_id, (unit,) = await person_with_held_sends(programme)
    await settle(programme.database, unit.claim_id, provider_name=None)
    assert await programme.store.record(run_id, [Acceptance(unit, "late")]) == ["stale"]
    assert await next_claim(programme) == {"claimed": 1}


async def test_where_another_device_of_the_claim_was_reached_the_cooldown_stays(programme: Programme) -> None:
    await programme.people(1, devices=2)
    run_id, (reached, unclear) = await programme.armed_units()
    await programme.store.record(run_id, [Acceptance(reached, "one")])
    await programme.store.hold([(unclear, "timeout")])
    assert await settle(programme.database, unclear.claim_id, provider_name=None) == 1
    assert await programme.state(unclear) == "dead:settled_not_sent"
    assert await next_claim(programme) != {"claimed": 1}
    await programme.store.sweep()
    assert await next_claim(programme) == {"already_notified": 1}
    assert await next_claim(programme, "second") == {"cooldown": 1}


async def test_where_another_device_of_the_claim_is_under_way_the_claim_keeps_the_gate(programme: Programme) -> None:
    await programme.people(1, devices=2)
    run_id, (sending, unclear) = await programme.armed_units()
    await programme.store.hold([(unclear, "timeout")])
    await settle(programme.database, unclear.claim_id, provider_name=None)
    assert await next_claim(programme) == {"in_flight": 1}
    await programme.store.record(run_id, [Acceptance(sending, "one")])
    assert await next_claim(programme, "second") == {"cooldown": 1}


async def test_settling_a_send_leaves_the_gates_of_other_scenarios_and_people_alone(programme: Programme) -> None:
    await programme.people(2)
    long = wanted(cooldown="7d")
    run_id, units = await programme.armed_units(long, scenario_type="long")
    await programme.store.record(run_id, [Acceptance(unit, str(number)) for number, unit in enumerate(units)])
    shift_clock(programme.database.url, "2 days")  # past the cooldown of `nudge`, and not of `long`
    _, (unit, other) = await programme.armed_units()
    await programme.store.hold([(unit, "timeout"), (other, "timeout")])
    gates = "select * from rekindle.gate where (user_id, scenario_type) <> (%s, 'nudge') order by 1, 2"
    before = await programme.rows(gates, unit.user_id)
    assert len(before) == 3
    await settle(programme.database, unit.claim_id, provider_name=None)
    assert await programme.rows(gates, unit.user_id) == before


@pytest.mark.parametrize("reached", [False, True])
async def test_a_cap_stops_counting_a_claim_settled_as_not_sent_unless_a_device_was_reached(
    programme: Programme, reached: bool
) -> None:
    await programme.people(1, devices=2)
    run_id, (one, two) = await programme.armed_units(wanted(caps=["1 per 1d"]))
    if reached:
        await programme.store.record(run_id, [Acceptance(one, "one")])
    await programme.store.hold([(unit, "timeout") for unit in ((two,) if reached else (one, two))])
    await end_hold(programme)
    counts = "select counted ? %s from rekindle.cap"
    assert await programme.value(counts, str(two.claim_id)) is True
    await settle(programme.database, two.claim_id, provider_name=None)
    assert await programme.value(counts, str(two.claim_id)) is reached


async def test_all_devices_of_a_claim_are_settled_together(programme: Programme) -> None:
    _, units = await person_with_held_sends(programme, devices=3)
    assert await settle(programme.database, units[0].claim_id, provider_name=None) == 3
    assert [await programme.state(unit) for unit in units] == ["dead:settled_not_sent"] * 3
    assert await next_claim(programme) == {"claimed": 1}


async def test_a_later_claim_of_the_person_keeps_its_gate(programme: Programme) -> None:
    _, (old,) = await person_with_held_sends(programme)
    await end_hold(programme)
    shift_clock(programme.database.url, "3 days")
    run_id = await programme.run()
    await programme.sql.execute("update team.wanted set occurrence = 'second'")
    await programme.claim(wanted(), run_id=run_id)
    (new,) = await programme.held(run_id)
    before = await programme.gate(old.user_id)
    assert await settle(programme.database, old.claim_id, provider_name=None) == 1
    after = await programme.gate(old.user_id)
    assert before is not None
    assert after is not None
    assert (after["inflight"], after["next_at"]) == (new.claim_id, before["next_at"])
    # It was recorded meanwhile: its cooldown stays, however the older one is settled afterwards.
    await programme.store.arm([new], lease_seconds=30)
    await programme.store.record(run_id, [Acceptance(new, "two")])
    assert await next_claim(programme, "third") == {"cooldown": 1}


async def test_a_device_that_is_recorded_while_another_is_being_settled_keeps_its_cooldown(
    programme: Programme,
) -> None:
    """The record is committed after the settling statement has begun, and before it gets the
    gate."""
    await programme.people(1, devices=2)
    run_id, (sending, unclear) = await programme.armed_units()
    await programme.store.hold([(unclear, "timeout")])
    async with await psycopg.AsyncConnection.connect(programme.database.url) as holder:
        await holder.execute("select from rekindle.gate for update")
        recording = asyncio.create_task(programme.store.record(run_id, [Acceptance(sending, "one")]))
        await programme.blocked("record")
        settling = asyncio.create_task(settle(programme.database, unclear.claim_id, provider_name=None))
        await programme.blocked("settle")
        await holder.rollback()
    assert await recording == ["recorded"]
    assert await settling == 1
    await programme.store.sweep()
    assert await next_claim(programme, "second") == {"cooldown": 1}


async def test_a_later_claim_that_is_recorded_while_an_old_one_is_being_settled_keeps_its_cooldown(
    programme: Programme,
) -> None:
    _, (old,) = await person_with_held_sends(programme)
    await end_hold(programme)
    shift_clock(programme.database.url, "3 days")
    run_id = await programme.run()
    await programme.sql.execute("update team.wanted set occurrence = 'second'")
    await programme.claim(wanted(), run_id=run_id)
    (new,) = await programme.held(run_id)
    await programme.store.arm([new], lease_seconds=30)
    async with await psycopg.AsyncConnection.connect(programme.database.url) as holder:
        await holder.execute("select from rekindle.gate for update")
        recording = asyncio.create_task(programme.store.record(run_id, [Acceptance(new, "two")]))
        await programme.blocked("record")
        settling = asyncio.create_task(settle(programme.database, old.claim_id, provider_name=None))
        await programme.blocked("settle")
        await holder.rollback()
    assert await recording == ["recorded"]
    assert await settling == 1
    assert await next_claim(programme, "third") == {"cooldown": 1}
