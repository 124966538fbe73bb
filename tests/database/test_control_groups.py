"""The control group of a trial: claimed like everybody, never sent anything, and treated as if it
had been."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest

from rekindle.effect.assignment import held_out
from rekindle.engine.cycle import Deps, Limits
from rekindle.engine.run import run_cycle
from rekindle.model import Ending, Report, Selection
from rekindle.policy import UNGUARDED, Retention
from rekindle.ports import HELD_OUT
from rekindle.postgres.explain import PostgresExplanations
from rekindle.postgres.prune import PostgresPruning
from rekindle.postgres.reports import Reports
from rekindle.postgres.store import PostgresStore
from rekindle.scenario import AnyScenario, Config, definition
from rekindle.testing import ScriptedDispatcher
from team.programme import Programme, evaluation, open_programme, scenario, wanted

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
HALF = {"held_out": "50%", "until": "2026-12-01"}


@pytest.fixture
async def programme(database_url: str) -> AsyncIterator[Programme]:
    async with open_programme(database_url) as programme:
        await programme.at(NOW)
        yield programme


async def apply(
    programme: Programme,
    *,
    trial: dict[str, Any] | None = None,
    organisation: dict[str, Any] | None = None,
    **scenarios: AnyScenario,
) -> None:
    """Put the scenarios in force, with a trial of the whole programme if one is given."""
    tables: dict[str, Any] = {
        "scenario": {name: definition(one) for name, one in scenarios.items()},
        "run": {"max_held_out": "none"},
        "organisation": organisation or {},
    }
    config = Config.model_validate(tables | ({"trial": trial} if trial else {}))
    await Reports(programme.database).store_config(config, retire=True)


async def run(programme: Programme, *names: str) -> tuple[Report, ScriptedDispatcher]:
    """One run over these scenarios (none: all), and what was sent."""
    dispatcher = ScriptedDispatcher()
    applied = [one for one in await programme.store.applied() if not names or one.scenario_type in names]
    store = PostgresStore(programme.database)
    limits = Limits(guard=UNGUARDED, timezone="UTC")
    return await run_cycle(Deps(dispatcher, store, store), applied, Selection(), limits), dispatcher


async def arms(programme: Programme, scope: str = "nudge") -> dict[UUID, str]:
    rows = await programme.rows(
        "select e.user_id, e.arm from rekindle.enrolment e join rekindle.trial t using (trial_id) "
        "where t.scope = %s and t.ended_at is null", scope,
    )  # fmt: skip
    return {row["user_id"]: row["arm"] for row in rows}


async def people_of_arms(programme: Programme, count: int = 24, **keys: Any) -> tuple[list[UUID], list[UUID]]:
    """Recipients, nudged and held out by the trial of the scenario `nudge` that is in force."""
    trial_id = await programme.value("select trial_id::text from rekindle.trial where ended_at is null")
    people = await programme.people(count, **keys)
    held = [one for one in people if held_out(trial_id, "nudge", str(one), 5_000)]
    assert 0 < len(held) < count
    return [one for one in people if one not in held], held


async def in_trial(programme: Programme, one: AnyScenario | None = None, **keys: Any) -> tuple[list[UUID], list[UUID]]:
    """As `people_of_arms`, after the scenario was applied with a trial of half of the people."""
    one = one or wanted(trial=HALF)
    await apply(programme, nudge=one)
    return await people_of_arms(programme, **keys)


async def outcomes(programme: Programme) -> dict[UUID, str]:
    rows = await programme.rows("select user_id, outcome || ':' || reason as said from rekindle.outcome")
    return {row["user_id"]: row["said"] for row in rows}


async def test_both_arms_are_claimed_and_only_one_is_sent_anything(programme: Programme) -> None:
    nudged, held = await in_trial(programme, devices=2)
    planned = await programme.due(wanted(trial=HALF))
    assert {user: one.verdict for user, one in planned.items()} == dict.fromkeys(nudged, "claim") | dict.fromkeys(
        held, "held_out"
    )
    report, dispatcher = await run(programme)
    [numbers] = report.scenarios
    assert report.status == "done"
    assert (numbers.claimed, numbers.recorded, numbers.held_out) == (24, len(nudged), len(held))
    assert (numbers.pushes, numbers.reasons, report.reached) == (2 * len(nudged), {}, len(nudged))
    assert {message.user_id for message in dispatcher.sent} == set(nudged)
    assert await outcomes(programme) == dict.fromkeys(held, "held_out:trial")
    assert await arms(programme) == dict.fromkeys(nudged, "nudged") | dict.fromkeys(held, "held_out")
    for table in ("scenario_notification", "delivery"):
        reached = await programme.rows(f"select user_id from rekindle.{table}")
        assert {row["user_id"] for row in reached} == set(nudged)
    gates = await programme.rows("select inflight, next_at from rekindle.gate")
    assert [(row["inflight"], row["next_at"]) for row in gates] == [(None, NOW + DAY)] * 24


async def test_explain_says_that_nothing_is_in_the_way_and_no_push_is_sent(programme: Programme) -> None:
    one = wanted(trial=HALF)
    person = await one_held_out(programme, one)
    await programme.want(person)
    explanations = PostgresExplanations(programme.database)
    explained = await explanations.explain(evaluation(one, selection=Selection(user_id=person)))
    assert (explained.blocked_by, explained.held_out_of) == ((), "nudge")
    await run(programme)
    explained = await explanations.explain(evaluation(one, selection=Selection(user_id=person)))
    assert explained.held_out_of is None
    assert explained.blocked_by[:1] == ("already_notified",)


async def test_no_statement_can_arm_a_unit_that_is_held_out(programme: Programme) -> None:
    nudged, held = await in_trial(programme)
    _, units = await programme.claimed_units(wanted(trial=HALF))
    answers = await programme.store.arm(units, lease_seconds=30)
    assert {unit.user_id: answers[unit.claim_id, unit.device_id] for unit in units} == dict.fromkeys(
        nudged, "armed"
    ) | dict.fromkeys(held, HELD_OUT)
    for change in ("state = 'dispatching'", "state = 'unknown', uncertain = true", "armed_at = now()"):
        with pytest.raises(psycopg.errors.CheckViolation, match="outbox_held_out_is_never_sent"):
            await programme.sql.execute(f"update rekindle.outbox set {change} where held_out".encode())


async def test_an_enrolment_is_the_first_claim_and_stays(programme: Programme) -> None:
    nudged, held = await in_trial(programme)
    await run(programme)
    before = await programme.rows("select * from rekindle.enrolment order by user_id")
    assert {row["claimed_at"] for row in before} == {NOW}
    await programme.want(*nudged, *held, occurrence="again")
    await programme.at(NOW + 2 * DAY)
    report, dispatcher = await run(programme)
    assert report.scenarios[0].held_out == len(held)  # the same arm
    assert {message.user_id for message in dispatcher.sent} == set(nudged)
    assert await programme.rows("select * from rekindle.enrolment order by user_id") == before


async def test_people_who_are_held_out_of_the_programme_are_not_in_a_scenarios_trial(programme: Programme) -> None:
    await apply(programme, trial=HALF, nudge=wanted(trial=HALF), other=wanted())
    people = await programme.people(40)
    ids = {
        row["scope"]: str(row["trial_id"]) for row in await programme.rows("select scope, trial_id from rekindle.trial")
    }
    everywhere = {one for one in people if held_out(ids["*"], "*", str(one), 5_000)}
    own = {one for one in people if one not in everywhere and held_out(ids["nudge"], "nudge", str(one), 5_000)}
    report, dispatcher = await run(programme)
    sent = {name: {one.user_id for one in dispatcher.sent if one.scenario_type == name} for name in ("nudge", "other")}
    assert sent == {"nudge": set(people) - everywhere - own, "other": set(people) - everywhere}
    assert {one.scenario_type: one.held_out for one in report.scenarios} == {
        "nudge": len(everywhere | own), "other": len(everywhere),
    }  # fmt: skip
    assert set(await arms(programme, "*")) == set(people)
    assert set(await arms(programme, "nudge")) == set(people) - everywhere


@pytest.mark.parametrize("keys", [{"critical": True}, {"holdout": False}], ids=["critical", "holdout"])
async def test_nobody_is_held_out_of_an_exempt_scenario(programme: Programme, keys: dict[str, Any]) -> None:
    await apply(programme, trial=HALF, nudge=wanted(**keys))
    await programme.people(12)
    report, dispatcher = await run(programme)
    assert (report.scenarios[0].held_out, len(dispatcher.sent)) == (0, 12)
    assert await arms(programme, "*") == {}


async def test_nobody_is_held_out_where_a_place_says_so(programme: Programme) -> None:
    place = await programme.person()
    organisation_id = await programme.value("select organisation_id from team.person where user_id = %s", place)
    there = {str(organisation_id): {"scenario": {"nudge": {"holdout": False}}}}
    await apply(programme, trial=HALF, organisation=there, nudge=wanted())
    people = [await programme.person(organisation_id=organisation_id) for _ in range(11)]
    await programme.want(place, *people)
    _, dispatcher = await run(programme)
    assert len(dispatcher.sent) == 12
    assert await arms(programme, "*") == {}


async def test_an_expiry_is_a_duty_unless_it_has_a_trial(programme: Programme) -> None:
    people = [await programme.person() for _ in range(24)]
    for one in people:
        await programme.certificate(one, "2026-06-10")
    duty = scenario("expiry", before=["30d"])
    await apply(programme, trial=HALF, duty=duty)
    assert {one.verdict for one in (await programme.due(duty, scenario_type="duty")).values()} == {"claim"}
    tried = scenario("expiry", before=["30d"], trial=HALF)
    await apply(programme, duty=tried)
    assert {one.verdict for one in (await programme.due(tried, scenario_type="duty")).values()} == {"claim", "held_out"}


async def test_new_people_take_part_until_the_day_and_the_others_keep_their_arm_until_the_agreed_one(
    programme: Programme,
) -> None:
    one = wanted(trial={"held_out": "50%", "until": "2026-06-10"}, cooldown="1h")
    nudged, held = await in_trial(programme, one)
    await run(programme)
    first = await arms(programme)
    new = await programme.people(24)
    await programme.want(*nudged, *held, *new, occurrence="again")
    await programme.at("2026-06-10 00:00+00")
    _, dispatcher = await run(programme)
    assert {message.user_id for message in dispatcher.sent} == {*nudged, *new}
    assert await arms(programme) == first
    await programme.want(*nudged, *held, *new, occurrence="last")
    await programme.at("2026-06-25 00:00+00")  # 15 days later: everybody has settled
    _, dispatcher = await run(programme)
    assert {message.user_id for message in dispatcher.sent} == {*nudged, *held, *new}


async def test_a_trial_by_chapter_holds_whole_chapters_out_and_people_who_move_keep_their_arm(
    programme: Programme,
) -> None:
    await apply(programme, nudge=wanted(trial=HALF | {"by": "chapter"}, cooldown="1h"))
    people = await programme.people(30)
    await programme.sql.execute(
        "create or replace view rekindle_source.recipient as select p.user_id, p.organisation_id, "
        "case when row_number() over (order by p.user_id) <= 24 then md5('c' || (row_number() over "
        "(order by p.user_id) % 6))::uuid end as chapter_id, p.timezone, p.locale, p.active, p.first_name "
        "from team.person p"
    )
    trial_id = await programme.value("select trial_id::text from rekindle.trial")
    chapters = {
        row["user_id"]: row["chapter_id"] or row["user_id"]
        for row in await programme.rows("select user_id, chapter_id from rekindle_source.recipient")
    }
    expected = {one for one in people if held_out(trial_id, "nudge", str(chapters[one]), 5_000)}
    _, dispatcher = await run(programme)
    assert {message.user_id for message in dispatcher.sent} == set(people) - expected
    rows = await programme.rows("select user_id, chapter_id from rekindle.enrolment")
    assert {row["user_id"]: row["chapter_id"] or row["user_id"] for row in rows} == chapters
    await programme.sql.execute(
        "create or replace view rekindle_source.recipient as select p.user_id, p.organisation_id, "
        "md5('moved')::uuid as chapter_id, p.timezone, p.locale, p.active, p.first_name from team.person p"
    )
    await programme.want(*people, occurrence="again")
    await programme.at(NOW + DAY)
    _, dispatcher = await run(programme)
    assert {message.user_id for message in dispatcher.sent} == set(people) - expected


async def one_held_out(programme: Programme, one: AnyScenario) -> UUID:
    """One person in the control group of the trial of the scenario."""
    await apply(programme, nudge=one)
    trial_id = await programme.value("select trial_id::text from rekindle.trial where ended_at is null")
    while not held_out(trial_id, "nudge", str(person := await programme.person()), 5_000):
        await programme.sql.execute("delete from team.person")
        await programme.sql.execute("delete from team.device")
    return person


async def again(programme: Programme, one: AnyScenario) -> str | None:
    """What a claim would decide about the one person who may be due; None if not due."""
    found = await programme.due(one)
    return next(iter(found.values())).verdict if found else None


async def test_an_occurrence_that_was_held_out_is_spent_also_after_the_trial_and_after_a_prune(
    programme: Programme,
) -> None:
    one = wanted(trial=HALF, cooldown="1h")
    person = await one_held_out(programme, one)
    await programme.want(person)
    await run(programme)
    await apply(programme, nudge=wanted(cooldown="1h"))  # the trial has ended
    await programme.at(NOW + 2 * DAY)
    assert await again(programme, wanted(cooldown="1h")) == "already_notified"
    await programme.sql.execute("delete from rekindle.gate")
    kept = Retention(notification=1, outcome=1, run=1, gate=1, disabled_token=1, audit=1, api_key=1)
    await PostgresPruning(programme.database).prune_batch("outcome", kept, after=None, wait=True)
    assert await programme.value("select count(*) from rekindle.outcome") == 0
    assert await again(programme, wanted(cooldown="1h")) == "already_notified"


async def test_the_cooldown_after_being_held_out_is_that_after_a_push(programme: Programme) -> None:
    one = wanted(trial=HALF, cooldown="10d")
    person = await one_held_out(programme, one)
    await programme.want(person)
    run_id, [unit] = await programme.claimed_units(one)
    await programme.at(NOW + timedelta(hours=1))
    await programme.store.finish(run_id, [Ending(unit, "held_out", "trial")])
    gate = await programme.gate(person)
    assert gate is not None
    assert (gate["inflight"], gate["opens_in"]) == (None, 10 * 86_400)


async def test_the_mark_of_a_milestone_is_reached_although_nobody_was_told(programme: Programme) -> None:
    one = scenario("milestone", at=[2, 3], cooldown="1h", trial=HALF)
    person = await one_held_out(programme, one)
    await programme.activity(person, NOW - 3 * DAY, NOW - 2 * DAY, NOW - DAY)
    assert await again(programme, one) == "held_out"
    await run(programme)
    await programme.at(NOW + 2 * DAY)
    await programme.sql.execute("delete from team.activity where activity_date < %s", [NOW - timedelta(hours=36)])
    await programme.activity(person, NOW)  # two again: a mark that is below the highest one
    assert await again(programme, one) == "already_notified"


async def test_the_limit_of_an_absence_counts_what_was_held_out(programme: Programme) -> None:
    one = scenario("inactivity", after=["7d", "14d"], cooldown="1d", limit=1, trial=HALF)
    person = await one_held_out(programme, one)
    await programme.activity(person, NOW - timedelta(days=8))
    await run_of(programme, one)
    await programme.at(NOW + 7 * DAY)
    assert await again(programme, one) == "absence_limit"


async def run_of(programme: Programme, one: AnyScenario) -> None:
    """Claim under these keys, and end the unit as a run does."""
    run_id, units = await programme.claimed_units(one)
    answers = await programme.store.arm(units, lease_seconds=30)
    assert set(answers.values()) == {HELD_OUT}
    await programme.store.finish(run_id, [Ending(unit, "held_out", "trial") for unit in units])


async def test_the_back_off_waits_as_after_two_pushes(programme: Programme) -> None:
    one = scenario("inactivity", after=["7d", "14d", "15d"], cooldown="1d", back_off=5, trial=HALF)
    person = await one_held_out(programme, one)
    await programme.activity(person, NOW - timedelta(days=8))
    await run_of(programme, one)
    await programme.at(NOW + 6 * DAY)  # 14 days
    await run_of(programme, one)
    await programme.at(NOW + 8 * DAY)
    assert await again(programme, one) == "back_off"


async def test_a_second_occurrence_of_the_day_is_refused_as_after_a_push(programme: Programme) -> None:
    one = wanted(trial=HALF, cooldown="1h")
    person = await one_held_out(programme, one)
    await programme.want(person)
    await run(programme)
    await programme.want(person, occurrence="second")
    await programme.at(NOW + timedelta(hours=3))
    assert await again(programme, one) == "already_today"
    await programme.at(NOW + DAY)
    assert await again(programme, one) == "held_out"


async def test_a_push_that_was_held_out_counts_under_the_caps(programme: Programme) -> None:
    one, other = wanted(trial=HALF, caps=["1 per 7d"]), wanted(caps=["1 per 7d"], holdout=False)
    person = await one_held_out(programme, one)
    await programme.want(person)
    await run(programme)
    found = await programme.due(other, scenario_type="other")
    assert [one.verdict for one in found.values()] == ["frequency_cap"]
    await programme.at(NOW + 7 * DAY)
    found = await programme.due(other, scenario_type="other")
    assert [one.verdict for one in found.values()] == ["claim"]


async def test_a_sweep_keeps_the_cooldown_of_a_claim_that_was_held_out(programme: Programme) -> None:
    one = wanted(trial=HALF, cooldown="10d")
    person = await one_held_out(programme, one)
    await programme.want(person)
    await run(programme)
    claim_id = await programme.value("select claim_id from rekindle.outcome")
    await programme.sql.execute("update rekindle.gate set inflight = %s", [claim_id])  # a crash between two devices
    await programme.store.sweep()
    gate = await programme.gate(person)
    assert gate is not None
    assert (gate["inflight"], gate["opens_in"]) == (None, 10 * 86_400)


async def test_reasons_that_end_a_push_end_a_claim_that_is_held_out_too(programme: Programme) -> None:
    one = wanted(trial=HALF)
    person = await one_held_out(programme, one)
    await programme.want(person)
    _, [unit] = await programme.claimed_units(one)
    await programme.sql.execute("insert into team.preference values (%s, 'nudge', true)", [person])
    assert set((await programme.store.arm([unit], lease_seconds=30)).values()) == {"opted_out"}


async def test_the_arms_settle_alike_once_and_for_all(programme: Programme) -> None:
    nudged, held = await in_trial(programme)
    await run(programme)
    back, never = [nudged[0], held[0]], [*nudged[1:], *held[1:]]
    for one in back:
        await programme.activity(one, NOW + 3 * DAY)
    for one in (nudged[1], held[1]):
        await programme.activity(one, NOW, NOW + 14 * DAY + timedelta(seconds=1))
    await programme.sql.execute("insert into team.preference values (%s, 'nudge', true)", [held[0]])

    async def settle() -> int:
        return await programme.store.look_back(timezone=None, limit=1_000, timeout_seconds=10)

    await programme.at(NOW + 15 * DAY)
    assert await settle() == 0
    await programme.at(NOW + 15 * DAY + timedelta(seconds=1))
    assert await settle() == 24
    assert await settle() == 0
    rows = await programme.rows("select user_id, came_back_at, opted_out_at is not null as out from rekindle.enrolment")
    assert {row["user_id"]: row["came_back_at"] for row in rows} == dict.fromkeys(back, NOW + 3 * DAY) | dict.fromkeys(
        never, None
    )
    assert [row["user_id"] for row in rows if row["out"]] == [held[0]]
    await programme.activity(never[0], NOW + DAY)
    assert await settle() == 0


async def test_of_a_trial_that_is_stopped_only_people_count_whose_horizon_was_over(programme: Programme) -> None:
    await in_trial(programme, wanted(trial=HALF, cooldown="1h"))
    await run(programme)
    await programme.at(NOW + 2 * DAY)
    await programme.people(5)
    await run(programme)
    assert await programme.value("select count(*) from rekindle.enrolment") == 29
    await programme.at(NOW + 15 * DAY)
    await apply(programme, nudge=wanted(cooldown="1h"))
    await programme.at(NOW + 40 * DAY)
    await programme.store.look_back(timezone=None, limit=1_000, timeout_seconds=10)
    assert await programme.value("select count(*) from rekindle.enrolment where settled_at is not null") == 24
