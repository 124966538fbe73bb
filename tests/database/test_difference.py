"""The difference of two configurations: one moment for both sides, nothing written, and a fault
affects one scenario."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from conftest import one_server
from rekindle.engine.difference import Edit, chosen, difference, edits
from rekindle.engine.guard import GuardPreview
from rekindle.model import Selection
from rekindle.policy import UNGUARDED
from rekindle.ports import Affected, Applied, Difference, Evaluation, Terms
from rekindle.postgres.difference import PostgresDifferences
from rekindle.postgres.pool import Database
from team.programme import Programme, applied, open_programme, scenario, wanted

server = one_server

AWAY = scenario("inactivity", after=["14d"])
SOONER = scenario("inactivity", after=["7d"])
NOON = "2026-05-06 12:00:00+00"


@pytest.fixture
async def programme(database_url: str) -> AsyncIterator[Programme]:
    async with open_programme(database_url) as programme:
        await programme.at(NOON)
        yield programme


def steps_of(programme: Programme, compared: Sequence[Edit]) -> AsyncGenerator[Affected | Difference]:
    guarded = GuardPreview(programme.store, UNGUARDED, Selection())
    return difference(PostgresDifferences(programme.database), compared, guarded)


async def compared(
    programme: Programme,
    old: Sequence[Applied],
    new: Sequence[Applied],
    selection: Selection | None = None,
    **keys: Any,
) -> tuple[dict[str, Difference], dict[str, dict[UUID, str]]]:
    found: dict[str, Difference] = {}
    effects: dict[str, dict[UUID, str]] = {}
    compared = chosen(edits(old, new, selection or Selection(), Terms(timeout_seconds=20)), **keys)
    async with aclosing(steps_of(programme, compared)) as steps:
        async for step in steps:
            if isinstance(step, Difference):
                found[step.scenario_type] = step
            else:
                effects.setdefault(step.scenario_type, {})[step.user_id] = step.effect
    return found, effects


async def away(programme: Programme, days: int, **keys: Any) -> UUID:
    """A person who was last active `days` days ago."""
    user = await programme.person(**keys)
    at = await programme.value("select rekindle.clock() - make_interval(days => %s)", days)
    await programme.activity(user, at)
    return user


async def test_an_edited_stage_shows_who_gains_who_loses_and_who_stays_by_organisation(programme: Programme) -> None:
    one, two = sorted([uuid4(), uuid4()])
    staying = await away(programme, 20, organisation_id=one)
    gaining = [await away(programme, 9, organisation_id=org) for org in (one, two)]
    await away(programme, 3, organisation_id=one)
    await away(programme, 30, organisation_id=two, tokens=())
    found, effects = await compared(programme, [applied(AWAY, "away")], [applied(SOONER, "away")])
    assert effects == {"away": {staying: "stay", **dict.fromkeys(gaining, "gain")}}
    assert found["away"].change == "changed"
    assert found["away"].organisations == {one: {"gain": 1, "stay": 1}, two: {"gain": 1}}
    _, effects = await compared(programme, [applied(SOONER, "away")], [applied(AWAY, "away")])
    assert effects == {"away": {staying: "stay", **dict.fromkeys(gaining, "lose")}}
    _, effects = await compared(
        programme, [applied(AWAY, "away")], [applied(SOONER, "away")], Selection(organisations=(two,))
    )
    assert effects == {"away": {gaining[1]: "gain"}}


@pytest.mark.parametrize("how", ["retired", "disabled"])
async def test_a_new_scenario_has_only_gains_and_a_removed_or_disabled_one_only_losses(
    programme: Programme, how: str
) -> None:
    users = await programme.people(3)
    off = [] if how == "retired" else [applied(wanted(enabled=False))]
    found, effects = await compared(programme, off, [applied(wanted())])
    assert effects == {"nudge": dict.fromkeys(users, "gain")}
    assert found["nudge"].change == ("added" if how == "retired" else "changed")
    found, effects = await compared(programme, [applied(wanted())], off)
    assert effects == {"nudge": dict.fromkeys(users, "lose")}
    assert found["nudge"].change == ("retired" if how == "retired" else "changed")


async def test_a_pilot_in_one_organisation_gains_that_organisations_people_and_no_others(programme: Programme) -> None:
    one, two = uuid4(), uuid4()
    here = await away(programme, 20, organisation_id=one)
    await away(programme, 20, organisation_id=two)
    off = scenario("inactivity", after=["14d"], enabled=False)
    place = {"organisation_id": str(one), "changes": {"enabled": True}}
    pilot = scenario("inactivity", after=["14d"], enabled=False, overrides=[place])
    found, effects = await compared(programme, [applied(off, "away")], [applied(pilot, "away")])
    assert effects == {"away": {here: "gain"}}
    assert found["away"].organisations == {one: {"gain": 1}}


async def test_the_hour_and_the_day_are_left_out_on_both_sides_and_people_without_a_zone_are_not(
    programme: Programme,
) -> None:
    """It is noon on a Wednesday."""
    closed = wanted(quiet_hours="11:00-08:00", weekdays=["mon"], send_at="09:00")
    user = await programme.person(timezone="Europe/Oslo")
    lost = await programme.person(timezone=None)
    for one in (user, lost):
        await programme.sql.execute("insert into team.wanted values (%s, 'once', '{}')", [one])
    terms = Terms(timeout_seconds=20, by_the_hour=False)
    effects: dict[UUID, str] = {}
    left_out: tuple[str, ...] = ()
    async with aclosing(
        steps_of(programme, edits([applied(wanted())], [applied(closed)], Selection(), terms))
    ) as steps:
        async for step in steps:
            if isinstance(step, Difference):
                left_out = step.left_out
            else:
                effects[step.user_id] = step.effect
    assert effects == {user: "stay", lost: "lose"}
    assert left_out == ("quiet_hours", "send_at", "weekdays")
    _, effects_by_the_hour = await compared(programme, [applied(wanted())], [applied(closed)])
    assert effects_by_the_hour == {"nudge": {user: "lose", lost: "lose"}}


async def test_an_edited_priority_moves_people_of_an_unedited_scenario(programme: Programme) -> None:
    users = await programme.people(2)
    cap = ["1 per 1d"]
    rest = applied(wanted(caps=cap, priority=50), "rest")
    old = [applied(wanted(caps=cap, priority=90), "first"), rest]
    new = [applied(wanted(caps=cap, priority=10), "first"), rest]
    found, effects = await compared(programme, old, new, unchanged=False)
    assert found["rest"].change == "same"
    assert effects == {"first": dict.fromkeys(users, "lose"), "rest": dict.fromkeys(users, "gain")}


async def test_a_scenario_that_no_edit_affects_is_evaluated_only_on_request(programme: Programme) -> None:
    users = await programme.people(2)
    same, other = [applied(wanted())], [applied(AWAY, "away")]
    found, _ = await compared(programme, same, [*same, *other], unchanged=False)
    assert list(found) == ["away"]
    found, effects = await compared(programme, same, [*same, *other])
    assert (found["nudge"].change, effects["nudge"]) == ("same", dict.fromkeys(users, "stay"))


async def test_a_view_that_cannot_be_read_is_named_and_hides_no_other_scenario(programme: Programme) -> None:
    users = await programme.people(2)
    await programme.sql.execute("drop view rekindle_source.activity")
    nonsense = scenario("sql", query="select nonsense")
    broken = [applied(AWAY, "a"), applied(nonsense, "b"), applied(wanted(), "c")]
    found, effects = await compared(programme, [], broken)
    assert {name: one.fault and one.fault.code for name, one in found.items()} == {
        "a": "RK301",
        "b": "RK304",
        "c": None,
    }
    assert effects == {"c": dict.fromkeys(users, "gain")}


async def test_a_scenario_does_not_wait_for_an_earlier_one_that_cannot_be_read(programme: Programme) -> None:
    users = await programme.people(2)
    cap = ["1 per 1d"]
    first = applied(scenario("inactivity", after=["14d"], caps=cap, priority=90), "first")
    await programme.sql.execute("drop view rekindle_source.activity")
    found, effects = await compared(programme, [first], [first, applied(wanted(caps=cap), "second")])
    assert found["first"].fault is not None
    assert (found["second"].fault, effects) == (None, {"second": dict.fromkeys(users, "gain")})


async def test_both_sides_see_one_moment_and_one_snapshot_whatever_happens_meanwhile(programme: Programme) -> None:
    await away(programme, 3)
    late = await programme.person()
    other = scenario("inactivity", after=["14d"], message={"en": {"title": "Other", "body": "Text"}})
    async with await psycopg.AsyncConnection.connect(programme.database.url) as holder:
        await holder.execute("lock table team.device in access exclusive mode")
        comparing = asyncio.create_task(compared(programme, [applied(AWAY)], [applied(other)]))
        await programme.blocked("claimants")
        # Now both would be due: one by the clock, the other by the committed rows.
        await holder.execute("insert into team.activity values (%s, timestamptz '2026-04-01')", [late])
        await programme.at("2026-05-20 12:00:00+00")
        await holder.commit()
    found, effects = await comparing
    assert (found["nudge"].change, found["nudge"].fault, effects) == ("changed", None, {})


async def test_a_query_that_both_sides_have_is_asked_once(programme: Programme) -> None:
    await programme.people(200)
    # About every second person, and different ones each time it runs.
    chance = scenario("sql", query="select user_id, occurrence, variables from team.wanted where random() < 0.5")
    changed = chance.model_copy(update={"priority": 60})
    _, effects = await compared(programme, [applied(chance)], [applied(changed)])
    assert 40 < len(effects["nudge"]) < 160
    assert set(effects["nudge"].values()) == {"stay"}


async def test_a_difference_writes_nothing(programme: Programme) -> None:
    await programme.people(20)
    cap = ["1 per 1d"]
    old = [applied(wanted(caps=cap, priority=90), "first"), applied(wanted(caps=cap), "rest")]
    new = [applied(wanted(caps=cap), "first"), applied(wanted(caps=cap, priority=90), "rest")]
    written = "select (select sum(n_tup_ins) from pg_stat_user_tables where schemaname = 'rekindle')"
    before = await programme.value(written)
    await compared(programme, old, new)
    for table in ("gate", "cap", "outbox", "run", "run_scenario", "scenario"):
        assert await programme.value(f"select count(*) from rekindle.{table}") == 0
    assert await programme.value(written) == before


async def test_a_difference_leaves_nothing_on_its_connection(programme: Programme) -> None:
    await programme.people(2)
    database = Database(programme.database.url, connections=1)
    await database.open()
    try:
        old, new = Evaluation(applied(wanted())), Evaluation(applied(wanted(priority=60)))
        people = PostgresDifferences(database).between(old, new)
        assert [one.effect async for one in people] == ["stay", "stay"]
        async with database.transaction() as connection:
            cursor = await connection.execute("select from pg_class where relname in ('rekindle_candidate')")
            assert await cursor.fetchall() == []
            row = await (await connection.execute("show transaction_isolation")).fetchone()
        assert row == {"transaction_isolation": "read committed"}
    finally:
        await database.close()
