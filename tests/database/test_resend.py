"""`uncertain = "resend"`: one more send under the same claim, never a third, and the end is
always recorded or unknown."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest

from conftest import one_server, shift_clock
from rekindle.model import Acceptance, Ending, Selection, Unit
from rekindle.policy import HOLD_SECONDS, RETRY_SECONDS
from team.programme import Programme, open_programme, wanted

server = one_server

NUDGE = Selection(scenarios=("nudge",))
RESEND = wanted(uncertain="resend")


@pytest.fixture
async def programme(database_url: str) -> AsyncIterator[Programme]:
    async with open_programme(database_url) as one:
        yield one


def later(programme: Programme, seconds: float) -> None:
    shift_clock(programme.database.url, f"{int(seconds)} s")


async def lease(programme: Programme) -> list[Unit]:
    """The units that a new run takes over."""
    run_id = await programme.run()
    await programme.store.lease(run_id, NUDGE, limit=100, lease_seconds=30)
    return await programme.held(run_id)


async def row(programme: Programme) -> dict[str, Any]:
    (one,) = await programme.rows(
        "select state, uncertain, owner, lease_until, attempts, reason, "
        "extract(epoch from next_try_at - rekindle.clock())::float8 as waits from rekindle.outbox"
    )
    return one


async def uncertain_once(programme: Programme) -> tuple[UUID, Unit]:
    """One person, whose first send was never answered."""
    await programme.people(1)
    run_id, (unit,) = await programme.armed_units(RESEND)
    assert await programme.store.hold([(unit, "timeout")]) == 1
    return run_id, unit


async def test_an_uncertain_send_waits_and_is_leased_once_more_under_the_same_claim(programme: Programme) -> None:
    _, first = await uncertain_once(programme)
    waiting = await row(programme)
    assert (waiting["state"], waiting["uncertain"], waiting["reason"]) == ("retry", True, "timeout")
    assert waiting["waits"] == pytest.approx(RETRY_SECONDS, abs=5)
    assert await lease(programme) == []
    later(programme, RETRY_SECONDS + 1)
    (second,) = await lease(programme)
    assert (second.claim_id, second.device_id, second.attempts) == (first.claim_id, first.device_id, 1)
    assert second.epoch > first.epoch
    assert second.idempotency_key == first.idempotency_key


async def test_the_second_uncertain_send_is_the_last_one(programme: Programme) -> None:
    await uncertain_once(programme)
    later(programme, RETRY_SECONDS + 1)
    (second,) = await lease(programme)
    await programme.store.arm([second], lease_seconds=30)
    assert await programme.store.hold([(second, "reset")]) == 1
    held = await row(programme)
    assert (held["state"], held["attempts"], held["reason"]) == ("unknown", 2, "reset")
    for seconds in (200, 500, 2_000, 90_000):
        later(programme, RETRY_SECONDS + seconds)
        await programme.store.sweep()
        assert await lease(programme) == []
    assert await programme.state(second) == "unknown:reset"
    # The cooldown counts from when the hold ended, not from the claim.
    gate = await programme.gate(second.user_id)
    assert gate is not None
    assert gate["inflight"] is None


async def test_a_second_send_that_is_accepted_is_recorded_and_its_cooldown_counts_from_then(
    programme: Programme,
) -> None:
    await uncertain_once(programme)
    later(programme, RETRY_SECONDS + 1)
    (second,) = await lease(programme)
    await programme.store.arm([second], lease_seconds=30)
    run_id = await programme.run()
    assert await programme.store.record(run_id, [Acceptance(second, "two")]) == ["recorded"]
    assert await programme.state(second) == "recorded"
    gate = await programme.gate(second.user_id)
    assert gate is not None
    assert (gate["inflight"], gate["opens_in"]) == (None, pytest.approx(86_400, abs=5))


async def test_a_late_answer_to_the_first_send_is_recorded_while_the_second_waits_and_nothing_is_sent_again(
    programme: Programme,
) -> None:
    run_id, first = await uncertain_once(programme)
    assert await programme.store.record(run_id, [Acceptance(first, "late")]) == ["recorded"]
    assert await programme.state(first) == "recorded"
    later(programme, RETRY_SECONDS + 1)
    assert await lease(programme) == []
    (delivery,) = await programme.rows("select provider_name, attempts from rekindle.delivery")
    assert delivery == {"provider_name": "late", "attempts": 1}
    gate = await programme.gate(first.user_id)
    assert gate is not None
    assert gate["inflight"] is None


async def test_a_late_answer_to_the_first_send_after_the_second_began_changes_nothing(programme: Programme) -> None:
    run_id, first = await uncertain_once(programme)
    later(programme, RETRY_SECONDS + 1)
    (second,) = await lease(programme)
    assert await programme.store.record(run_id, [Acceptance(first, "late")]) == ["stale"]
    await programme.store.arm([second], lease_seconds=30)
    assert await programme.store.record(run_id, [Acceptance(first, "late")]) == ["stale"]
    assert await programme.store.record(run_id, [Acceptance(second, "two")]) == ["recorded"]
    assert await programme.state(second) == "recorded"


@pytest.mark.parametrize("outcome", ["dead", "skipped"])
async def test_a_second_send_that_is_refused_for_good_ends_unknown_and_spends_the_cooldown(
    programme: Programme, outcome: Any
) -> None:
    await uncertain_once(programme)
    later(programme, RETRY_SECONDS + 1)
    (second,) = await lease(programme)
    await programme.store.arm([second], lease_seconds=30)
    assert await programme.store.finish(await programme.run(), [Ending(second, outcome, "not_found")]) == 1
    assert await programme.state(second) == "unknown:not_found"
    gate = await programme.gate(second.user_id)
    assert gate is not None
    assert gate["opens_in"] == pytest.approx(86_400, abs=5)


async def test_a_second_send_that_is_refused_for_now_waits_again_and_stays_marked(programme: Programme) -> None:
    await uncertain_once(programme)
    later(programme, 61)
    (second,) = await lease(programme)
    await programme.store.arm([second], lease_seconds=30)
    assert await programme.store.retry([(second, "quota_exceeded", 60.0)]) == 1
    assert (await row(programme))["uncertain"] is True
    later(programme, 130)
    (third,) = await lease(programme)
    await programme.store.arm([third], lease_seconds=30)
    # Two sends may have been accepted by then, even if others were refused in between.
    assert await programme.store.hold([(third, "timeout")]) == 1
    assert (await row(programme))["state"] == "unknown"


async def test_a_resend_that_waits_beyond_its_relevance_ends_unknown_and_not_dead(programme: Programme) -> None:
    _, first = await uncertain_once(programme)
    later(programme, 90_000)
    swept = await programme.store.sweep()
    assert swept["stale"] == 1
    assert await programme.state(first) == "unknown:stale"
    gate = await programme.gate(first.user_id)
    assert gate is not None
    assert (gate["inflight"], gate["opens_in"]) == (None, pytest.approx(86_400, abs=5))


async def test_the_first_send_of_a_worker_that_is_lost_meanwhile_is_sent_once_more(
    programme: Programme,
) -> None:
    await programme.people(1)
    await programme.armed_units(RESEND)
    later(programme, 31)
    assert (await programme.store.sweep())["dispatching"] == 1
    waiting = await row(programme)
    assert (waiting["state"], waiting["uncertain"], waiting["reason"]) == ("retry", True, "worker_lost")
    later(programme, 31 + RETRY_SECONDS + 1)
    (second,) = await lease(programme)
    await programme.store.arm([second], lease_seconds=30)
    later(programme, 31 + RETRY_SECONDS + 60)
    assert (await programme.store.sweep())["dispatching"] == 1
    assert (await row(programme))["state"] == "unknown"


async def test_without_the_policy_an_uncertain_send_is_held_and_closed(programme: Programme) -> None:
    await programme.people(1)
    _, (unit,) = await programme.armed_units(wanted())
    await programme.store.hold([(unit, "timeout")])
    assert (await row(programme))["state"] == "unknown"
    later(programme, RETRY_SECONDS + 1)
    assert await lease(programme) == []
    later(programme, HOLD_SECONDS + 1)
    await programme.store.sweep()
    assert await programme.state(unit) == "unknown:timeout"
