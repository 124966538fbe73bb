"""A scenario that gets another name goes on: its cooldowns, occurrences, opt-outs and switches
count under the new name, also for what is still under way under the former one."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from conftest import one_server
from rekindle.engine.changes import edited
from rekindle.engine.difference import difference, edits
from rekindle.engine.explain import explain
from rekindle.engine.guard import GuardPreview
from rekindle.errors import DatabaseError, NamesCollide, ScenarioRenamed, WouldRetire
from rekindle.model import Acceptance, Ending, Numbers, Selection, Unit
from rekindle.policy import UNGUARDED, Guard
from rekindle.ports import Affected, Applied, Change, Difference, Entry, Evaluation, Terms
from rekindle.postgres.difference import PostgresDifferences
from rekindle.postgres.explain import PostgresExplanations
from rekindle.postgres.locks import share_with_claims
from rekindle.postgres.reports import Reports
from rekindle.postgres.switches import turn
from rekindle.scenario import Config
from team.programme import TEXT, Programme, open_programme

server = one_server

NOW = datetime(2026, 3, 9, 12, tzinfo=UTC)
DAY = timedelta(days=1)
OWN = {"kind": "sql", "query": "select user_id, occurrence, variables from team.wanted", "cooldown": "1d"}


@pytest.fixture
async def programme(database_url: str) -> AsyncIterator[Programme]:
    async with open_programme(database_url) as programme:
        await programme.at(NOW)
        yield programme


def config(**scenarios: Mapping[str, Any]) -> Config:
    """A configuration of these scenarios of kind sql."""
    whole = {name: {**OWN, "message": TEXT, **keys} for name, keys in scenarios.items()}
    return Config.model_validate({"run": {"timezone": "UTC"}, "scenario": whole})


async def apply(programme: Programme, **scenarios: Mapping[str, Any]) -> list[Change]:
    return await Reports(programme.database).store_config(config(**scenarios))


async def in_force(programme: Programme, name: str) -> Applied:
    return next(one for one in await programme.store.applied() if one.scenario_type == name)


def evaluating(applied: Applied) -> Evaluation:
    selection = Selection(scenarios=(applied.scenario_type,))
    return Evaluation(applied, selection, (), Terms(timezone="UTC", timeout_seconds=20))


async def claim(
    programme: Programme, of: str | Applied, *, run_id: UUID | None = None, guard: Guard = UNGUARDED
) -> Numbers:
    """A claim by a run that began now, or at the time at which `of` was read."""
    applied = await in_force(programme, of) if isinstance(of, str) else of
    run_id = run_id or await programme.run()
    return await programme.store.claim(run_id, evaluating(applied), reserved_seconds=60, guard=guard)


async def refusals(programme: Programme, name: str) -> dict[str, int]:
    """Why a run would refuse people now; empty if it would claim all of them."""
    found: dict[str, int] = {}
    async with aclosing(programme.store.candidates(evaluating(await in_force(programme, name)))) as people:
        async for one in people:
            found[one.refusal or "claimed"] = found.get(one.refusal or "claimed", 0) + 1
    numbers = await claim(programme, name)
    claimed = {"claimed": numbers.claimed} if numbers.claimed else {}
    assert found == {**numbers.refusals, **claimed}, "the plan differs from the run"
    return dict(numbers.refusals)


async def live(programme: Programme, name: str = "old") -> tuple[UUID, list[Unit]]:
    """A run, and the units that it claimed and armed."""
    run_id = await programme.run()
    await claim(programme, name, run_id=run_id)
    units = await programme.held(run_id, name)
    assert set((await programme.store.arm(units, lease_seconds=30)).values()) == {"armed"}
    return run_id, units


async def record(programme: Programme, run_id: UUID, units: list[Unit]) -> None:
    await programme.store.record(run_id, [Acceptance(unit, f"n/{unit.claim_id}") for unit in units])


async def sent(programme: Programme, *people: UUID, name: str = "old", occurrence: str = "once") -> None:
    await programme.want(*people, occurrence=occurrence)
    run_id, units = await live(programme, name)
    assert {unit.user_id for unit in units} == set(people)
    await record(programme, run_id, units)


async def test_a_push_under_the_former_name_begins_the_cooldown_of_the_new_one(programme: Programme) -> None:
    await apply(programme, old={})
    person = await programme.person()
    await sent(programme, person)
    await programme.want(person, occurrence="another")
    assert await apply(programme, new={"was": "old"}) == [Change("new", 1, "renamed", "old")]
    assert (await in_force(programme, "new")).names == ("new", "old")
    assert await refusals(programme, "new") == {"cooldown": 1}
    await programme.at(NOW + DAY - timedelta(seconds=1))
    assert await refusals(programme, "new") == {"cooldown": 1}
    await programme.at(NOW + DAY)
    assert await refusals(programme, "new") == {}


@pytest.mark.parametrize("how", ["recorded", "unknown", "pruned"])
async def test_an_occurrence_that_was_sent_under_the_former_name_stays_spent(programme: Programme, how: str) -> None:
    await apply(programme, old={})
    person = await programme.person()
    await sent(programme, person)
    if how == "unknown":
        await programme.sql.execute(
            "insert into rekindle.outcome select n.id, d.device_id, n.user_id, n.scenario_type, 1, null, n.run_id, "
            "n.run_id, 'unknown', 'timeout', n.occurrence, null, n.idempotency_key, n.cooldown_window_start, 86400, "
            "1, 1, null, n.dispatched_at "
            "from rekindle.scenario_notification n join rekindle.delivery d on d.claim_id = n.id"
        )
    if how == "pruned":
        await programme.sql.execute(
            "insert into rekindle.spent select user_id, scenario_type, occurrence, dispatched_at, dispatched_at "
            "from rekindle.scenario_notification"
        )
    if how != "recorded":
        await programme.sql.execute("delete from rekindle.scenario_notification")
    await apply(programme, new={"was": "old"})
    await programme.at(NOW + 30 * DAY)
    assert await refusals(programme, "new") == {"already_notified": 1}


async def test_the_key_of_today_counts_under_each_name(programme: Programme) -> None:
    await apply(programme, old={"cooldown": "1h"})
    person = await programme.person()
    await sent(programme, person)
    await programme.want(person, occurrence="another")
    await apply(programme, new={"was": "old", "cooldown": "1h"})
    await programme.at(NOW + timedelta(hours=2))
    assert await refusals(programme, "new") == {"already_today": 1}
    await programme.at(NOW + timedelta(hours=13))
    assert await refusals(programme, "new") == {}


async def test_a_claim_that_is_live_under_the_former_name_is_in_flight_and_its_record_begins_the_cooldown(
    programme: Programme,
) -> None:
    await apply(programme, old={})
    person = await programme.person()
    await programme.want(person)
    run_id, units = await live(programme)
    await apply(programme, new={"was": "old"})
    await programme.want(person, occurrence="another")
    await programme.at(NOW + 2 * DAY)
    assert await refusals(programme, "new") == {"in_flight": 1}
    await record(programme, run_id, units)
    assert await refusals(programme, "new") == {"cooldown": 1}
    await programme.at(NOW + 3 * DAY)
    assert await refusals(programme, "new") == {}
    # The run that sent it counts it under the name that it claimed.
    numbers = (await programme.store.count_run(run_id, status="done")).scenarios
    assert [(one.scenario_type, one.claimed, one.recorded) for one in numbers] == [("old", 1, 1)]


async def test_a_claim_that_reached_nobody_under_the_former_name_may_be_made_under_the_new_one(
    programme: Programme,
) -> None:
    await apply(programme, old={})
    await programme.want(await programme.person())
    run_id, units = await live(programme)
    await apply(programme, new={"was": "old"})
    await programme.store.finish(run_id, [Ending(unit, "dead", "invalid_argument") for unit in units])
    await programme.at(NOW + DAY)
    assert await refusals(programme, "new") == {}


async def test_a_run_that_began_before_the_renaming_claims_nothing_more_of_it(programme: Programme) -> None:
    await apply(programme, old={}, other={})
    person = await programme.person()
    await programme.want(person)
    before = {name: await in_force(programme, name) for name in ("old", "other")}
    await apply(programme, new={"was": "old"}, other={})
    with pytest.raises(ScenarioRenamed, match="old was renamed while this run was under way"):
        await claim(programme, before["old"])
    assert (await claim(programme, before["other"])).claimed == 1
    stale = await in_force(programme, "new")
    assert (await claim(programme, stale)).claimed == 1
    # Nor after a rollback, a run that knows the new name.
    await apply(programme, old={}, other={})
    with pytest.raises(ScenarioRenamed):
        await claim(programme, stale)


async def test_a_run_that_does_not_know_a_further_name_claims_nothing(programme: Programme) -> None:
    await apply(programme, old={}, new={})
    await programme.want(await programme.person())
    before = await in_force(programme, "new")
    await apply(programme, new={"was": "old"})
    with pytest.raises(ScenarioRenamed):
        await claim(programme, before)


async def test_an_opt_out_counts_under_each_name_whenever_it_is_written(programme: Programme) -> None:
    await apply(programme, old={})
    early, late, of_new, other = people = [await programme.person() for _ in range(4)]
    await programme.want(*people)
    out = "insert into team.preference values (%s, %s, true)"
    await programme.sql.execute(out, [early, "Old "])
    await apply(programme, new={"was": "old"})
    await programme.sql.execute(out, [late, "old"])
    await programme.sql.execute(out, [of_new, "new"])
    await programme.sql.execute(out, [other, "older"])
    assert await refusals(programme, "new") == {"opted_out": 3}


@pytest.mark.parametrize("name", ["new", "older"])  # before and after the former name in the alphabet
@pytest.mark.parametrize("what", ["opted_out", "switched_off"])
async def test_the_last_look_at_a_unit_of_the_former_name_sees_what_is_said_of_the_new_one(
    programme: Programme, what: str, name: str
) -> None:
    await apply(programme, old={}, other={})
    person = await programme.person()
    await programme.want(person)
    run_id = await programme.run()
    await claim(programme, "old", run_id=run_id)
    units = await programme.held(run_id, "old")
    await apply(programme, other={}, **{name: {"was": "old"}})
    if what == "opted_out":
        await programme.sql.execute("insert into team.preference values (%s, %s, true)", [person, name])
    else:
        await turn(programme.database, "off", Entry("switch.turned", scenario_type=name), reason=None)
    assert list((await programme.store.arm(units, lease_seconds=30)).values()) == [what]


async def test_a_switch_stays_off_under_the_new_name_until_it_is_turned_on(programme: Programme) -> None:
    await apply(programme, old={})
    await programme.want(await programme.person())
    await turn(programme.database, "off", Entry("switch.turned", scenario_type="old"), reason="texts are wrong")
    await apply(programme, new={"was": "old"})
    assert await refusals(programme, "new") == {"switched_off": 1}
    await turn(programme.database, "on", Entry("switch.turned", scenario_type="new"), reason=None)
    run_id, units = await live(programme, "new")
    assert len(units) == 1
    await turn(programme.database, "off", Entry("switch.turned", scenario_type="new"), reason=None)
    await apply(programme, old={})
    await programme.want(await programme.person())
    assert await refusals(programme, "old") == {"switched_off": 1}
    assert run_id


async def test_the_guard_compares_with_what_was_usual_under_the_former_name(programme: Programme) -> None:
    await apply(programme, old={})
    for number in range(5):
        await programme.at(NOW + number * DAY)
        await sent(programme, *await programme.people(2, occurrence=f"o{number}"), occurrence=f"o{number}")
        run_id = await programme.value("select run_id from rekindle.run order by started_at desc limit 1")
        await programme.store.count_run(run_id, status="done")
    await programme.at(NOW + 5 * DAY)
    await programme.want(*await programme.people(30, occurrence="many"), occurrence="many")
    await apply(programme, new={"was": "old"})
    held = await programme.store.held_back(
        [evaluating(await in_force(programme, "new"))], 30, recipients=1_000, guard=Guard(None, 5, 10, 0)
    )
    assert held is not None
    assert "max_times_median = 5 allows 10 (median of 5 days)" in held.message


async def test_applied_twice_or_without_the_key_it_changes_nothing_for_people(programme: Programme) -> None:
    await apply(programme, old={})
    person = await programme.person()
    await sent(programme, person)
    await apply(programme, new={"was": "old"})
    assert await apply(programme, new={"was": "old"}) == []
    assert await apply(programme, new={}) == [Change("new", 2, "changed")]
    await programme.at(NOW + 30 * DAY)
    assert await refusals(programme, "new") == {"already_notified": 1}
    # A third name, and back to the first one.
    assert await apply(programme, newest={"was": "new"}) == [Change("newest", 1, "renamed", "new")]
    assert await refusals(programme, "newest") == {"already_notified": 1}
    assert await apply(programme, old={}) == [Change("old", 3, "renamed", "newest")]
    assert (await in_force(programme, "old")).names == ("old", "new", "newest")
    assert await refusals(programme, "old") == {"already_notified": 1}
    await sent(programme, person, occurrence="another")
    await apply(programme, new={"was": "old"})
    await programme.at(NOW + 60 * DAY)
    assert await refusals(programme, "new") == {"already_notified": 1}


async def test_a_scenario_that_is_in_force_takes_over_what_another_one_sent(programme: Programme) -> None:
    await apply(programme, old={}, new={})
    one, two = people = [await programme.person() for _ in range(2)]
    await sent(programme, one, name="old")
    await sent(programme, two, name="new")
    await programme.want(*people)
    assert await apply(programme, new={"was": "old"}) == [Change("new", 2, "changed", "old")]
    await programme.at(NOW + 30 * DAY)
    assert await refusals(programme, "new") == {"already_notified": 2}


async def test_a_name_that_a_scenario_has_had_is_given_to_no_other(programme: Programme) -> None:
    await apply(programme, old={})
    await apply(programme, new={"was": "old"})
    both: list[dict[str, dict[str, str]]] = [{"new": {}, "old": {}}, {"new": {}, "third": {"was": "old"}}]
    for scenarios in both:
        with pytest.raises(NamesCollide, match="one scenario, which was renamed"):
            await apply(programme, **scenarios)
    assert [one.scenario_type for one in await programme.store.applied()] == ["new"]


async def test_it_is_renamed_after_the_claim_that_is_under_way(programme: Programme) -> None:
    await apply(programme, old={}, other={})
    async with programme.database.transaction() as claiming:
        await share_with_claims(claiming)
        # An edit that renames nothing does not wait.
        await apply(programme, old={"cooldown": "2d"}, other={})
        renaming = asyncio.create_task(apply(programme, new={"was": "old"}, other={}))
        await programme.blocked("erasure_begin")
        assert [one.scenario_type for one in await programme.store.applied()] == ["old", "other"]
    assert await renaming == [Change("new", 1, "renamed", "old")]


async def test_a_process_that_is_killed_while_it_renames_has_changed_nothing(programme: Programme) -> None:
    await apply(programme, old={"schedule": "0 * * * *"})
    async with programme.database.transaction() as claiming:
        await share_with_claims(claiming)
        renaming = asyncio.create_task(apply(programme, new={"was": "old", "schedule": "0 * * * *"}))
        await programme.blocked("erasure_begin")
        await programme.sql.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity "
            "where datname = current_database() and query like '%rekindle:erasure_begin%' and pid <> pg_backend_pid()"
        )
        with pytest.raises(DatabaseError):
            await renaming
    assert [one.names for one in await programme.store.applied()] == [("old",)]
    assert await programme.value("select array_agg(scenario_type) from rekindle.schedule") == ["old"]
    assert await apply(programme, new={"was": "old"}) == [Change("new", 1, "renamed", "old")]


async def test_the_look_back_at_a_push_of_the_former_name_knows_an_opt_out_of_the_new_one(
    programme: Programme,
) -> None:
    await apply(programme, old={})
    person, other = people = [await programme.person() for _ in range(2)]
    await sent(programme, *people)
    await apply(programme, new={"was": "old"})
    await programme.sql.execute("insert into team.preference values (%s, 'new', true)", [person])
    await programme.at(NOW + 16 * DAY)
    assert await programme.store.look_back(timezone=None, limit=10, timeout_seconds=10) == 2
    rows = await programme.rows(
        "select n.user_id, c.opted_out from rekindle.came_back c "
        "join rekindle.scenario_notification n on n.id = c.claim_id"
    )
    assert {row["user_id"]: row["opted_out"] for row in rows} == {person: True, other: False}


async def test_without_the_key_a_new_name_is_a_new_scenario(programme: Programme) -> None:
    await apply(programme, old={})
    with pytest.raises(WouldRetire, match="would retire it") as fault:
        await apply(programme, new={})
    assert "`was`" in fault.value.hint


async def test_a_schedule_goes_on_where_it_was_under_the_former_name(programme: Programme) -> None:
    hourly = {"schedule": "0 * * * *"}
    await apply(programme, old=hourly)
    await programme.at(NOW + timedelta(hours=5, minutes=30))
    await apply(programme, new={"was": "old", **hourly})
    rows = await programme.rows("select scenario_type, since, last_at from rekindle.schedule")
    assert [tuple(row.values()) for row in rows] == [("new", NOW, NOW)]
    # An edited schedule begins now.
    await apply(programme, newest={"was": "new", "schedule": "5 * * * *"})
    rows = await programme.rows("select scenario_type, last_at from rekindle.schedule")
    assert [tuple(row.values()) for row in rows] == [("newest", NOW + timedelta(hours=5, minutes=30))]


async def compared(programme: Programme, **scenarios: Mapping[str, Any]) -> tuple[dict[UUID, str], list[Difference]]:
    """What `plan --changes` shows of a configuration that is not applied."""
    new = config(**scenarios)
    sides = (
        await programme.store.applied(),
        edited(new, await Reports(programme.database).names(new)),
    )
    every = edits(*sides, Selection(), Terms(timezone="UTC", timeout_seconds=20, by_the_hour=False))
    people: dict[UUID, str] = {}
    found: list[Difference] = []
    guarded = GuardPreview(programme.store, UNGUARDED, Selection())
    async with aclosing(difference(PostgresDifferences(programme.database), every, guarded)) as steps:
        async for step in steps:
            if isinstance(step, Affected):
                assert step.scenario_type == "new"
                people[step.user_id] = step.effect
            else:
                found.append(step)
    return people, found


async def test_a_plan_before_the_renaming_shows_that_it_changes_nothing(programme: Programme) -> None:
    await apply(programme, old={})
    had, due, out, inflight = [await programme.person() for _ in range(4)]
    await sent(programme, had)
    await programme.want(inflight)
    await live(programme)
    await programme.sql.execute("insert into team.preference values (%s, 'old', true)", [out])
    await programme.want(had, due, out, inflight, occurrence="another")
    people, (found,) = await compared(programme, new={"was": "old"})
    assert people == {due: "stay"}
    assert (found.change, found.was) == ("renamed", "old")
    assert found.carried is not None
    assert (found.carried.records, found.carried.cooldowns, found.carried.live, found.carried.opt_outs) == (1, 1, 1, 1)
    await turn(programme.database, "off", Entry("switch.turned", scenario_type="old"), reason=None)
    assert (await compared(programme, new={"was": "old"}))[0] == {}
    assert (await compared(programme, new={}))[0] == {had: "gain", due: "gain", out: "gain", inflight: "gain"}


async def test_the_explanation_under_the_new_name_has_the_pushes_of_the_former_one(programme: Programme) -> None:
    await apply(programme, old={})
    person = await programme.person()
    await sent(programme, person)
    await programme.sql.execute("insert into team.preference values (%s, 'old', true)", [person])
    await apply(programme, new={"was": "old"})
    explanations = PostgresExplanations(programme.database)
    (one,) = await explain(
        explanations, person, await programme.store.applied(), terms=Terms(timezone="UTC", timeout_seconds=20)
    )
    assert set(one.blocked_by) == {"opted_out", "already_notified", "cooldown", "already_today"}
    facts = {condition.reason: condition.facts for condition in one.conditions}
    assert facts["opted_out"] == {"of": ["old"]}
    assert (facts["already_notified"]["at"], facts["already_notified"]["as"]) == (NOW, "recorded")
    assert facts["cooldown"]["next_at"] == NOW + DAY
    assert facts["already_today"]["at"] == NOW
    for name in ("new", "old"):
        claims = await explanations.history(person, scenarios=[name], limit=5)
        assert [one.scenario_type for one in claims] == ["old"]
    assert await explanations.history(person, scenarios=["other"], limit=5) == []
