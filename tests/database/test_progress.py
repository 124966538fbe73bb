"""How far a run is, as the ledger has it while the run works."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from rekindle.model import Acceptance, Ending, Look, Numbers, Selection, Unit
from rekindle.policy import LOST_SECONDS
from rekindle.postgres.reports import Reports
from team.programme import Programme, open_programme, wanted

NOW = datetime(2026, 3, 10, 11, 30, tzinfo=UTC)


@pytest.fixture
async def programme(database_url: str) -> AsyncIterator[Programme]:
    async with open_programme(database_url) as programme:
        await programme.at(NOW)
        yield programme


@pytest.fixture
def reports(programme: Programme) -> Reports:
    return Reports(programme.database)


async def looked(reports: Reports, run_id: object) -> Look:
    look = await reports.look(run_id)  # type: ignore[arg-type]
    assert look is not None
    return look


def so_far(numbers: Numbers) -> dict[str, int]:
    names = ("claimed", "carried", "recorded", "skipped", "dead", "unknown", "pending", "pushes")
    return {name: getattr(numbers, name) for name in names if getattr(numbers, name)}


async def record(programme: Programme, run_id: object, units: Sequence[Unit]) -> None:
    await programme.store.record(run_id, [Acceptance(unit, f"name/{unit.device_id}") for unit in units])  # type: ignore[arg-type]


async def test_the_numbers_of_a_run_under_way_follow_its_answers(programme: Programme, reports: Reports) -> None:
    users = await programme.people(6, devices=2)
    await programme.person()  # who is not due
    run_id = await programme.run()
    begun = await looked(reports, run_id)
    assert (begun.sight, begun.is_last, begun.report.scenarios) == ("progress", False, ())
    await programme.claim(wanted(), run_id=run_id)
    (numbers,) = (await looked(reports, run_id)).report.scenarios
    assert (numbers.evaluated, numbers.not_due, so_far(numbers)) == (7, 1, {"claimed": 6, "pending": 6})
    units = await programme.held(run_id)
    await programme.store.arm(units, lease_seconds=30)
    of = {user: [unit for unit in units if unit.user_id == user] for user in users}
    await record(programme, run_id, of[users[0]])
    await record(programme, run_id, of[users[1]][:1])
    await programme.store.finish(run_id, [Ending(unit, "dead", "x") for unit in of[users[2]]])
    await programme.store.finish(run_id, [Ending(unit, "skipped", "x") for unit in of[users[3]]])
    await programme.store.hold([(of[users[4]][0], "timeout")])
    look = await looked(reports, run_id)
    counts = {"claimed": 6, "recorded": 2, "dead": 1, "skipped": 1, "unknown": 1, "pending": 1, "pushes": 3}
    assert (look.sight, so_far(look.report.scenarios[0])) == ("progress", counts)
    left = [unit for user in users for unit in of[user] if user not in users[2:4]]
    await record(programme, run_id, left)
    report = await programme.store.count_run(run_id, status="incomplete")
    assert await looked(reports, run_id) == Look("ended", report)


async def test_claims_that_another_run_left_count_once_they_have_ended_here(
    programme: Programme, reports: Reports
) -> None:
    await programme.people(3)
    first, _ = await programme.claimed_units()
    await programme.store.release(first)
    second = await programme.run()
    await programme.store.lease(second, Selection(scenarios=("nudge",)), limit=9, lease_seconds=60)
    units = await programme.held(second)
    await programme.store.arm(units, lease_seconds=30)
    await record(programme, second, units[:2])
    look = await looked(reports, second)
    (numbers,) = look.report.scenarios
    assert (numbers.scenario_type, so_far(numbers)) == ("nudge", {"carried": 2, "recorded": 2, "pushes": 2})


async def test_a_run_whose_process_is_lost_is_seen_as_abandoned_before_and_after_a_sweep(
    programme: Programme, reports: Reports
) -> None:
    await programme.people(1)
    run_id, _ = await programme.claimed_units()
    await programme.at(NOW + timedelta(seconds=LOST_SECONDS))
    assert (await looked(reports, run_id)).sight == "progress"
    await programme.at(NOW + timedelta(seconds=LOST_SECONDS + 1))
    lost = await looked(reports, run_id)
    assert (lost.sight, lost.is_last, lost.report.status) == ("abandoned", True, "running")
    await programme.store.sweep()
    swept = await looked(reports, run_id)
    assert (swept.sight, swept.report.status) == ("abandoned", "abandoned")
    assert await reports.look(uuid4()) is None
