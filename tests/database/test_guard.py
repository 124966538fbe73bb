"""The guard: a claim of more people than usual claims nobody, however runs and scenarios share
the people."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from conftest import one_server
from rekindle.engine.guard import GuardPreview, held_in_a_run
from rekindle.engine.priority import evaluations
from rekindle.engine.run import Deps, Limits, run_cycle
from rekindle.errors import HeldByGuard
from rekindle.model import Acceptance, Ending, HeldBack, Selection
from rekindle.policy import Guard
from rekindle.ports import Terms
from rekindle.postgres.settle import settle
from rekindle.testing import ScriptedDispatcher
from team.programme import Programme, applied, evaluation, open_programme, wanted

server = one_server

NOW = datetime(2026, 5, 6, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
QUARTER = Guard(max_share=0.25, max_times_median=None, floor=5)
USUAL = Guard(max_share=None, max_times_median=3.0, floor=5)


@pytest.fixture
async def programme(database_url: str) -> AsyncIterator[Programme]:
    async with open_programme(database_url, connections=6) as programme:
        await programme.at(NOW)
        yield programme


async def ledger(programme: Programme) -> dict[str, Any]:
    """The number of rows in every table that a claim writes."""
    return {
        table: await programme.value(f"select count(*) from rekindle.{table}")
        for table in ("gate", "cap", "outbox", "run_scenario")
    }


async def claimed_before(programme: Programme, at: datetime, people: int, scenario_type: str = "nudge") -> None:
    """A run at that moment claimed `people` people of the scenario."""
    await programme.sql.execute(
        "with run as (insert into rekindle.run (run_id, budget_seconds, dispatcher) "
        "values (gen_random_uuid(), 30, 'log') returning run_id) "
        "insert into rekindle.run_scenario (run_id, scenario_type, position, evaluated, claimed, recorded, at) "
        "select run_id, %s, 0, %s, %s, %s, %s from run",
        [scenario_type, people, people, people, at],
    )


async def test_a_claim_over_the_share_claims_nobody_and_the_fault_names_the_numbers(programme: Programme) -> None:
    users = await programme.people(40)
    await programme.want(*users[:11])
    before = await ledger(programme)
    with pytest.raises(HeldByGuard) as held:
        await programme.claim(wanted(caps=["1 per 1d"]), guard=QUARTER)
    assert await ledger(programme) == before
    assert (held.value.people, held.value.exit_code) == (11, 2)
    assert str(held.value) == (
        "RK502: scenario nudge would claim 11 people: that makes 11 people in 24 hours for 40 active recipients, and "
        "max_share = 25% allows 10. See `rekindle plan`. To allow them, run `rekindle run --confirm 11`."
    )
    await programme.want(*users[:10])
    assert (await programme.claim(wanted(), guard=QUARTER)).claimed == 10


async def test_a_scenario_of_few_people_is_never_held_back(programme: Programme) -> None:
    users = await programme.people(6)
    await programme.want(*users[:5])
    assert (await programme.claim(wanted(), guard=QUARTER)).claimed == 5
    await programme.want(users[5])
    with pytest.raises(HeldByGuard):
        await programme.claim(wanted(), guard=QUARTER)


async def test_what_several_runs_and_scenarios_claim_in_a_day_counts_together(programme: Programme) -> None:
    users = await programme.people(80)
    for name, some in (("a", users[:8]), ("b", users[8:16])):
        await programme.want(*some)
        await programme.claim(wanted(), scenario_type=name, guard=QUARTER)
    await programme.at(NOW + DAY - timedelta(minutes=1))
    await programme.want(*users[16:22])
    with pytest.raises(HeldByGuard, match="would claim 6 people: that makes 22 people in 24 hours for 80"):
        await programme.claim(wanted(), scenario_type="c", guard=QUARTER)
    # Large scenarios that reached their limit do not stop a small one.
    await programme.want(*users[22:26])
    assert (await programme.claim(wanted(), scenario_type="d", guard=QUARTER)).claimed == 4
    await programme.at(NOW + DAY)
    await programme.want(*users[16:22])
    assert (await programme.claim(wanted(), scenario_type="c", guard=QUARTER)).claimed == 6


async def test_what_ended_unsent_does_not_count_nor_does_a_person_who_is_claimed_twice(programme: Programme) -> None:
    users = await programme.people(10)
    broken, sent, unclear, healthy = users[:6], users[6:7], users[7:9], users[9:]
    strict, loose = (Guard(max_share=0.9, max_times_median=None, floor=floor) for floor in (5, 9))
    once = wanted(cooldown="1s")
    # Six broken records die in each run; the two unclear sends stay unclear, until one is settled.
    for hour in range(4):
        await programme.at(NOW + timedelta(hours=hour))
        await programme.want(*broken, *(sent if hour == 0 else ()), *(unclear if hour == 1 else ()))
        run_id, units = await programme.claimed_units(once, guard=loose)
        assert len(units) == 6 + (hour == 0) + 2 * (hour == 1)
        dead = [unit for unit in units if unit.user_id in broken]
        await programme.store.finish(run_id, [Ending(unit, "dead", "missing_variable") for unit in dead])
        others = [unit for unit in units if unit.user_id not in broken]
        await programme.store.arm(others, lease_seconds=30)
        if hour == 0:
            await programme.store.record(run_id, [Acceptance(unit, "n") for unit in others])
        else:
            await programme.store.hold([(unit, "timeout") for unit in others])
    await programme.at(NOW + timedelta(hours=4))
    await programme.store.sweep()
    await programme.want(*broken, *healthy)
    with pytest.raises(HeldByGuard, match="would claim 7 people: that makes 10 people in 24 hours for 10 active"):
        await programme.claim(once, guard=strict)
    [first, _] = await programme.rows("select claim_id from rekindle.outcome where outcome = 'unknown' order by 1")
    await settle(programme.database, first["claim_id"], provider_name=None)
    assert (await programme.claim(once, guard=strict)).claimed == 7


async def test_a_person_who_is_due_for_two_scenarios_counts_once_in_the_run_and_in_its_plan(
    programme: Programme,
) -> None:
    users = await programme.people(40)
    await programme.want(*users[:8])
    three = [evaluation(wanted(), name) for name in ("a", "b", "c")]
    preview = GuardPreview(programme.store, QUARTER, Selection())
    assert [await preview.held_back(one, await programme.store.claimable(one)) for one in three] == [None] * 3
    assert [(await programme.claim(wanted(), scenario_type=name, guard=QUARTER)).claimed for name in "ab"] == [8, 8]
    await programme.want(*users[6:13])
    held = await held_in_a_run(programme.store, three[2:], QUARTER)
    with pytest.raises(HeldByGuard, match="would claim 7 people: that makes 13 people in 24 hours for 40") as in_a_run:
        await programme.claim(wanted(), scenario_type="c", guard=QUARTER)
    assert str(held["c"]) == str(in_a_run.value)
    await programme.want(*users[3:10])
    assert await held_in_a_run(programme.store, three[2:], QUARTER) == {}
    assert (await programme.claim(wanted(), scenario_type="c", guard=QUARTER)).claimed == 7


async def test_a_plan_counts_people_once_also_under_caps_and_an_own_query(programme: Programme) -> None:
    users = await programme.people(40)
    await programme.want(*users[:12])
    capped = {"caps": ["1 per 1d"], "overrides": []}
    first, second = (applied(wanted(priority=priority, **capped), name) for name, priority in (("a", 60), ("b", 50)))
    together = evaluations([first, second], Selection(), [first, second], Terms(timezone="UTC", timeout_seconds=20))
    held = await held_in_a_run(programme.store, together, QUARTER)
    # Everybody's place under the cap belongs to the first scenario, so the second claims nobody.
    assert [(name, one.people) for name, one in held.items()] == [("a", 12)]


async def test_a_run_about_one_organisation_is_measured_against_the_whole_programme(programme: Programme) -> None:
    organisation = uuid4()
    await programme.people(30)
    users = [await programme.person(organisation_id=organisation) for _ in range(10)]
    await programme.want(*users)
    selection = Selection(scenarios=("nudge",), organisations=(organisation,))
    assert (await programme.claim(wanted(), selection=selection, guard=QUARTER)).claimed == 10


async def test_a_claim_over_a_multiple_of_the_median_day_is_held_back(programme: Programme) -> None:
    users = await programme.people(40)
    await programme.want(*users[:19])
    # Days of 6, 6 (in two runs) and 90 people, and other scenarios do not count: 18 are allowed.
    for days, people in ((1.5, 6), (2.1, 2), (2.9, 4), (20, 90)):
        await claimed_before(programme, NOW - days * DAY, people)
        await claimed_before(programme, NOW - days * DAY, 1_000, "other")
    with pytest.raises(HeldByGuard, match=r"max_times_median = 3 allows 18 \(median of 3 days\)"):
        await programme.claim(wanted(), guard=USUAL)
    await programme.want(*users[:18])
    assert (await programme.claim(wanted(), guard=USUAL)).claimed == 18
    # For the next run of the same day the day's number is already reached.
    await programme.want(*users[18:19])
    with pytest.raises(HeldByGuard, match="would claim 1 people: that makes 19 people of this scenario"):
        await programme.claim(wanted(), guard=USUAL)


@pytest.mark.parametrize("days", [[], [1.5, 2.5], [1.5, 2.5, 29.5]])
async def test_without_three_days_in_four_weeks_there_is_no_usual_number(
    programme: Programme, days: list[float]
) -> None:
    await programme.people(20)
    for ago in days:
        await claimed_before(programme, NOW - ago * DAY, 1)
    assert (await programme.claim(wanted(), guard=USUAL)).claimed == 20


async def test_a_confirmation_allows_the_confirmed_number_and_not_one_more(programme: Programme) -> None:
    users = await programme.people(40)
    run_id = await programme.run()

    async def claim(name: str, some: list[UUID], confirmed: int) -> Any:
        await programme.want(*some)
        guard = Guard(max_share=0.25, max_times_median=None, floor=5, confirmed=confirmed)
        return await programme.claim(wanted(), run_id=run_id, scenario_type=name, guard=guard)

    with pytest.raises(HeldByGuard):
        await claim("a", users[:20], 19)
    numbers = await claim("a", users[:20], 25)
    assert (numbers.claimed, numbers.confirmed) == (20, 20)
    # Within the limits no confirmation is needed, and none is used up.
    numbers = await claim("b", users[20:26], 25)
    assert (numbers.claimed, numbers.confirmed) == (6, 0)
    # Of 25, the run has five left.
    with pytest.raises(HeldByGuard):
        await claim("c", users[26:32], 25)
    stored = await programme.rows("select scenario_type, confirmed from rekindle.run_scenario order by 1")
    assert [tuple(row.values()) for row in stored] == [("a", 20), ("b", 0)]


async def test_confirmed_people_do_not_count_against_the_next_runs(programme: Programme) -> None:
    users = await programme.people(40)
    await programme.want(*users[:30])
    guard = Guard(max_share=0.25, max_times_median=None, floor=5, confirmed=30)
    await programme.claim(wanted(), guard=guard)
    await programme.want(*users[30:])
    run_id, units = await programme.claimed_units(wanted(cooldown="1s"), guard=QUARTER)
    assert len(units) == 10
    # Claimed again, they are the same ten people, and the thirty still do not count.
    await programme.store.finish(run_id, [Ending(unit, "dead", "missing_variable") for unit in units])
    await programme.at(NOW + timedelta(minutes=1))
    assert (await programme.claim(wanted(), guard=QUARTER)).claimed == 10


async def test_confirmed_people_count_towards_a_usual_day_but_not_towards_todays_number(programme: Programme) -> None:
    users = await programme.people(40)
    for days in (1.5, 2.5, 3.5):
        await claimed_before(programme, NOW - days * DAY, 4)
    await programme.want(*users[:20])
    confirming = Guard(max_share=None, max_times_median=3.0, floor=5, confirmed=20)
    assert (await programme.claim(wanted(), guard=confirming)).confirmed == 20
    await programme.want(*users[20:32])
    assert (await programme.claim(wanted(), guard=USUAL)).claimed == 12
    await programme.sql.execute("update rekindle.run_scenario set recorded = claimed, pending = 0")
    await programme.at(NOW + DAY)
    await programme.want(*users[32:])
    # Days of 4, 4, 4 and 32.
    with pytest.raises(HeldByGuard, match=r"would claim 8 people.* \(median of 4 days\)"):
        await programme.claim(wanted(), guard=Guard(max_share=None, max_times_median=1.5, floor=5))


async def test_the_guard_does_not_apply_when_a_single_person_is_named(programme: Programme) -> None:
    (user,) = await programme.people(1)
    strict = Guard(max_share=0.01, floor=0)
    with pytest.raises(HeldByGuard):
        await programme.claim(wanted(), guard=strict)
    selection = Selection(scenarios=("nudge",), user_id=user)
    numbers = await programme.claim(wanted(), selection=selection, guard=strict)
    assert (numbers.claimed, numbers.confirmed) == (1, 1)


async def test_two_concurrent_claims_cannot_both_be_the_last_that_the_guard_allows(programme: Programme) -> None:
    users = await programme.people(40)
    halves = {"a": users[:8], "b": users[8:16]}
    await programme.want(*users[:16])
    queries = {
        name: wanted().model_copy(
            update={"query": "select user_id, occurrence, variables from team.wanted where user_id = any "
                    f"('{{{','.join(map(str, half))}}}')"}
        )
        for name, half in halves.items()
    }  # fmt: skip

    async def claim(name: str) -> int:
        try:
            return (await programme.claim(queries[name], scenario_type=name, guard=QUARTER)).claimed
        except HeldByGuard as held:
            return -held.people

    async with await psycopg.AsyncConnection.connect(programme.database.url) as holder:
        # Both have won their gates, and neither can be counted before the test sees the other wait.
        await holder.execute("lock table rekindle.run_scenario in share row exclusive mode")
        claims = [asyncio.create_task(claim(name)) for name in halves]
        await programme.blocked("", count=2)
        await holder.commit()
    assert sorted(await asyncio.gather(*claims)) == [-8, 8]


async def test_a_run_sends_what_is_within_bounds_and_ends_halted_with_the_number_to_confirm(
    programme: Programme,
) -> None:
    users = await programme.people(100)
    await programme.want(*users)
    some = [wanted().model_copy(update={"query": f"{wanted().query} order by user_id limit {n}"}) for n in (30, 20, 6)]
    scenarios = [applied(one, name) for one, name in zip(some, ("a", "b", "c"), strict=True)]
    for one in scenarios:
        await programme.sql.execute(
            "insert into rekindle.scenario values (%s, 1, %s, %s)",
            [one.scenario_type, one.scenario.model_dump_json(exclude_none=True), one.fingerprint],
        )
    dispatcher = ScriptedDispatcher()
    deps = Deps(dispatcher, programme.store, programme.store)
    limits = Limits(guard=Guard(max_share=0.10, max_times_median=None, floor=5))
    report = await run_cycle(deps, scenarios, Selection(), limits)
    assert (report.status, report.exit_code) == ("halted", 2)
    assert [(one.scenario_type, one.claimed, one.recorded) for one in report.scenarios] == [("c", 6, 6)]
    assert len(dispatcher.sent) == 6
    assert report.halted_by is not None
    assert report.halted_by.startswith("RK502: the guard holds back 2 scenarios: scenario a would claim 30 people: ")
    assert "scenario b would claim 20 people: " in report.halted_by
    assert report.halted_by.endswith("run `rekindle run --confirm 50`.")
    assert report.held == (
        HeldBack("a", 30, recipients=100, total=30, share_allows=10, own=30),
        HeldBack("b", 20, recipients=100, total=20, share_allows=10, own=20),
    )
    again = Limits(guard=Guard(max_share=0.10, max_times_median=None, floor=5, confirmed=50))
    report = await run_cycle(deps, scenarios, Selection(), again)
    assert (report.status, report.halted_by, report.held) == ("done", None, ())
    assert [(one.scenario_type, one.claimed, one.confirmed) for one in report.scenarios] == [
        ("a", 30, 30),
        ("b", 20, 20),
        ("c", 0, 0),
    ]
    assert len(dispatcher.sent) == 56


async def test_the_guard_does_not_stop_earlier_claims_from_being_carried_on(programme: Programme) -> None:
    users = await programme.people(20)
    await programme.want(*users[:10])
    run_id = await programme.run()
    await programme.claim(wanted(), run_id=run_id)
    await programme.store.release(run_id)
    await programme.want(*users)
    one = applied(wanted())
    await programme.sql.execute(
        "insert into rekindle.scenario values ('nudge', 1, %s, %s)",
        [one.scenario.model_dump_json(exclude_none=True), one.fingerprint],
    )
    dispatcher = ScriptedDispatcher()
    deps = Deps(dispatcher, programme.store, programme.store)
    report = await run_cycle(deps, [one], Selection(), Limits(guard=QUARTER))
    assert report.status == "halted"
    (numbers,) = report.scenarios
    assert (numbers.evaluated, numbers.claimed, numbers.carried, numbers.recorded) == (0, 0, 10, 10)
