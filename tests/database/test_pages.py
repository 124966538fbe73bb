"""Lists by page, and what a reader that is limited to an organisation sees of them."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import astuple, replace
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import Any
from uuid import UUID, uuid4

import pytest
from pydantic import SecretStr

from conftest import one_server
from rekindle import Engine
from rekindle.app import pages
from rekindle.app.pages import PlanPage
from rekindle.documents import scenario_document, version_document
from rekindle.errors import CursorInvalid, NotFound, StatementTooSlow
from rekindle.model import Acceptance, PlaceNames, Report
from rekindle.ports import Filter
from rekindle.scenario import Config
from rekindle.settings import Settings
from rekindle.testing import ScriptedDispatcher
from team.programme import TEXT, Programme, open_programme

server = one_server

NOW = datetime(2026, 3, 10, 11, 30, tzinfo=UTC)
OURS, THEIRS = UUID(int=1), UUID(int=2)
QUERY = "select user_id, occurrence, variables from team.wanted"
CONFIG = Config.model_validate(
    {
        "run": {"timezone": "UTC"},
        "scenario": {
            "nudge": {"kind": "sql", "query": QUERY, "cooldown": "1d", "priority": 90, "message": TEXT},
            "other": {"kind": "sql", "query": QUERY, "cooldown": "1d", "message": TEXT},
        },
        "organisation": {
            str(one): {"scenario": {"nudge": {"cooldown": cooldown}}}
            for one, cooldown in ((OURS, "2d"), (THEIRS, "3d"))
        },
    }
)


@pytest.fixture
async def programme(database_url: str) -> AsyncIterator[Programme]:
    async with open_programme(database_url) as programme:
        await programme.at(NOW)
        yield programme


@pytest.fixture
async def engine(database_url: str, programme: Programme) -> AsyncIterator[Engine]:
    settings = Settings(database_url=SecretStr(database_url))
    async with Engine.open(settings, CONFIG, dispatcher=ScriptedDispatcher()) as engine:
        await engine.apply(checked=True)
        yield engine


async def recorded(programme: Programme, *organisations: UUID, scenario_type: str = "nudge") -> list[UUID]:
    """One person of each organisation, whose push was accepted."""
    users = [await programme.person(organisation_id=one) for one in organisations]
    await programme.want(*users)
    run_id, units = await programme.armed_units(scenario_type=scenario_type)
    await programme.store.record(run_id, [Acceptance(unit, f"name-{unit.user_id}") for unit in units])
    return users


async def test_a_limited_reader_gets_its_own_records_and_deliveries_and_no_other(
    programme: Programme, engine: Engine
) -> None:
    ours, theirs = await recorded(programme, OURS, THEIRS)
    for read in (engine.notification_page, engine.delivery_page):
        assert {one.user_id for one in await read(Filter())} == {ours, theirs}
        assert [one.user_id for one in await read(Filter(sees={OURS}))] == [ours]
        assert [one.user_id for one in await read(Filter(organisation_id=OURS))] == [ours]
        for nothing in (Filter(sees={OURS}, organisation_id=THEIRS), Filter(sees=set()), Filter(sees={uuid4()})):
            assert list(await read(nothing)) == []
        assert {one.user_id for one in await read(Filter(sees={OURS, THEIRS}))} == {ours, theirs}
    (mine,) = await engine.notification_page(Filter(sees={OURS}))
    shown = await engine.notification(mine.claim_id, sees={OURS})
    assert (shown.notification, [unit.provider_name for unit in shown.units]) == (mine, [f"name-{ours}"])
    with pytest.raises(NotFound):
        await engine.notification(mine.claim_id, sees={THEIRS})
    with pytest.raises(NotFound):
        await engine.notification(uuid4())


async def test_a_limited_reader_gets_its_own_uncertain_sends_while_they_are_held_and_after(
    programme: Programme, engine: Engine
) -> None:
    users = [await programme.person(organisation_id=one) for one in (OURS, THEIRS)]
    await programme.want(*users)
    _, units = await programme.armed_units()
    await programme.store.hold([(unit, "timeout") for unit in units])
    for closed in (False, True):
        if closed:
            await programme.at(NOW + timedelta(days=2))
            await programme.store.sweep()
        everything = await engine.unknown_page(Filter())
        assert {(one.user_id, one.closed_at is not None) for one in everything} == {(user, closed) for user in users}
        assert [one.user_id for one in await engine.unknown_page(Filter(sees={OURS}))] == users[:1]
        assert list(await engine.unknown_page(Filter(sees={OURS}, user_id=users[1]))) == []


async def test_a_limited_reader_is_told_of_the_people_there_and_of_what_was_claimed_for_them_there(
    programme: Programme, engine: Engine
) -> None:
    ours, theirs = await recorded(programme, OURS, THEIRS)
    person = await engine.explain(ours, sees={OURS})
    assert (person.standing.places[0].organisation_id, len(person.claims)) == (OURS, 1)
    for other in (theirs, uuid4()):
        with pytest.raises(NotFound):
            await engine.explain(other, sees={OURS})
    await programme.sql.execute("update team.person set organisation_id = %s where user_id = %s", [OURS, theirs])
    moved = await engine.explain(theirs, sees={OURS})
    assert (len(moved.claims), len((await engine.explain(theirs)).claims)) == (0, 1)
    await programme.sql.execute("delete from team.person where user_id = %s", [ours])
    with pytest.raises(NotFound):
        await engine.explain(ours, sees={OURS})
    assert (await engine.explain(ours)).standing.known


async def test_a_limited_reader_learns_nothing_of_a_push_in_another_organisation_but_that_it_is_in_the_way(
    programme: Programme, engine: Engine
) -> None:
    user = await programme.person(organisation_id=THEIRS)
    await programme.sql.execute("insert into team.membership values (%s, %s)", [user, OURS])
    await programme.want(user)
    run_id, (unit,) = await programme.armed_units()
    for blocks in ("in_flight", "already_notified"):
        everything, person = await engine.explain(user), await engine.explain(user, sees={OURS})
        assert [place.organisation_id for place in everything.standing.places] == [THEIRS, OURS]
        assert [place.organisation_id for place in person.standing.places] == [OURS]
        nudge = person.scenarios[0]
        assert (nudge.place.organisation_id, nudge.blocked_by[0], person.claims) == (OURS, blocks, ())
        secrets = (str(unit.claim_id), str(unit.device_id), str(THEIRS), repr(unit.claim_id))
        told = repr(replace(nudge, conditions=[one for one in nudge.conditions if one.reason != "no_token"]))
        assert [secret for secret in secrets if secret in told] == []
        assert str(unit.claim_id) in repr(everything.scenarios[0])
        assert "'at': datetime" not in told
        await programme.store.record(run_id, [Acceptance(unit, "name")])
    assert await engine.organisations_of(user) == {OURS, THEIRS}


async def test_a_person_who_is_listed_twice_is_shown_by_the_row_that_the_reader_may_see(
    programme: Programme, engine: Engine
) -> None:
    user = await programme.person(organisation_id=THEIRS, timezone="Europe/Oslo")
    await programme.person(organisation_id=OURS, timezone="Asia/Tokyo", user_id=user, tokens=())
    for due in (False, True):
        await programme.want(*([user] if due else []))
        person = await engine.explain(user, sees={OURS})
        assert person.standing.places[0].organisation_id == OURS
        (nudge, _) = person.scenarios
        assert nudge.override is not None
        assert (nudge.override.organisation_id, "Europe/Oslo" in repr(nudge)) == (OURS, False)


async def test_a_plan_for_a_limited_reader_counts_and_lists_its_own_people(
    programme: Programme, engine: Engine
) -> None:
    users = [await programme.person(organisation_id=one) for one in (OURS, OURS, THEIRS)]
    await programme.want(*users)
    everybody = await engine.plan_page(Filter())
    assert [(one.scenario_type, one.evaluated, one.due) for one in everybody.previews] == [
        ("nudge", 3, 3),
        ("other", 3, 3),
    ]
    page = await engine.plan_page(Filter(sees={OURS}))
    assert [(one.scenario_type, one.evaluated, one.due) for one in page.previews] == [("nudge", 2, 2), ("other", 2, 2)]
    assert {one.user_id for one in page.people} == set(users[:2])
    for nothing in (Filter(sees=set()), Filter(sees={OURS}, organisation_id=THEIRS)):
        assert await engine.plan_page(nothing) == PlanPage((), ())
    assert not (await engine.plan_page(Filter(sees={OURS}, user_id=users[2]))).people


async def test_the_guard_does_not_tell_a_limited_reader_how_many_people_others_have(
    programme: Programme, engine: Engine
) -> None:
    await programme.sql.execute(
        "insert into team.person (user_id, organisation_id, active) "
        "select gen_random_uuid(), %s, true from generate_series(1, 317)", [THEIRS],
    )  # fmt: skip
    await programme.sql.execute(
        "with made as (insert into team.person select gen_random_uuid(), %s, 'UTC', 'en', true, 'Ada' "
        "  from generate_series(1, 300) returning user_id), "
        "devices as (insert into team.device select user_id, 'token-' || user_id from made) "
        "insert into team.wanted select user_id, 'once', '{}' from made",
        [OURS],
    )
    everybody = (await engine.plan_page(Filter(limit=1))).previews[0].held
    assert everybody is not None
    assert "617" in everybody.message
    ours = await engine.plan_page(Filter(sees={OURS}, limit=1))
    held = ours.previews[0].held
    assert held is not None
    assert (held.people, "617" in str(held)) == (300, False)
    person = await engine.explain(ours.people[0].user_id, sees={OURS})
    guard = person.scenarios[0].conditions[-1]
    report = await engine.run(organisations=[OURS])
    assert (report.status, "617" in (report.halted_by or "")) == ("halted", False)
    assert "would claim 300 people" in (report.halted_by or "")
    assert {astuple(one)[1:] for one in report.held} == {(300, *(None,) * 6)}
    assert (guard.reason, guard.blocks, guard.facts["people"], "617" in repr(guard)) == (
        "held_by_guard",
        True,
        300,
        False,
    )


async def test_a_limited_reader_sees_of_a_scenario_its_own_overrides_and_no_numbers(
    programme: Programme, engine: Engine
) -> None:
    await recorded(programme, OURS, THEIRS)
    status = (await engine.scenarios())[0]
    assert status.latest is not None
    everything = scenario_document(status, PlaceNames())
    assert [one["organisation_id"] for one in everything["overrides"]] == [OURS, THEIRS]
    shown = scenario_document(status, PlaceNames(), sees={OURS})
    assert [one["organisation_id"] for one in shown["overrides"]] == [OURS]
    assert (shown["latest"], shown["last_run_at"]) == (None, None)
    version = replace(
        (await engine.versions(scenarios=["nudge"]))[0],
        keys=("cooldown", f"organisation.{OURS}.cooldown", f"organisation.{THEIRS}.chapter.{OURS}.cooldown"),
    )
    assert version_document(version, sees={OURS})["keys"] == ["cooldown", f"organisation.{OURS}.cooldown"]
    assert version_document(version)["keys"] == list(version.keys)


async def walk(
    read: Callable[[Filter], Any], key: Callable[[Any], tuple[Any, ...]], asked: Filter, between: Callable[[], Any]
) -> list[Any]:
    """Every row of a list, page by page."""
    found: list[Any] = []
    while True:
        page: Sequence[Any] = await read(asked)
        found += page
        if len(page) < asked.limit:
            return found
        asked = replace(asked, after=key(page[-1]))
        await between()


FILL = """
with made as (
  insert into rekindle.scenario_notification (id, user_id, scenario_type, dispatched_at, idempotency_key,
                                              organisation_id, occurrence, cooldown_window_start)
  select gen_random_uuid(), gen_random_uuid(), 'nudge', rekindle.clock() + n / 100 * interval '1 s',
         gen_random_uuid()::text, ('00000000-0000-0000-0000-00000000000' || 1 + n % 2)::uuid, 'once', rekindle.clock()
  from generate_series(1, {people}) n
  returning id, user_id
)
insert into rekindle.delivery (claim_id, device_id, user_id, scenario_type, claimed_run_id, run_id, provider_name,
                               attempts)
select id, gen_random_uuid(), user_id, 'nudge', id, id, 'name', 1 from made, generate_series(1, 2)
"""
RUNS = """
insert into rekindle.run (run_id, status, started_at, finished_at, budget_seconds, dispatcher, organisations)
select gen_random_uuid(), 'done', rekindle.clock() + n / 100 * interval '1 s', rekindle.clock(), 30, 'fcm',
       array['00000000-0000-0000-0000-000000000001'::uuid]
from generate_series(1, {people}) n
"""


@pytest.mark.parametrize("sees", [None, {OURS, THEIRS}], ids=["everybody", "limited"])
async def test_a_walk_has_each_of_2500_rows_once_while_rows_are_inserted(
    programme: Programme, engine: Engine, sees: set[UUID] | None
) -> None:
    lists = {
        "notification_page": (("dispatched_at", "claim_id"), "select id from rekindle.scenario_notification"),
        "delivery_page": (("dispatched_at", "claim_id", "device_id"), "select device_id from rekindle.delivery"),
        "run_page": (("started_at", "run_id"), "select run_id from rekindle.run"),
    }
    for fill in (FILL, RUNS):
        await programme.sql.execute(fill.format(people=2_500).encode())
    for name, (parts, query) in lists.items():
        key = attrgetter(*parts)
        before = {next(iter(row.values())) for row in await programme.rows(query)}

        async def insert() -> None:
            await programme.at(NOW + timedelta(hours=1))
            for fill in (FILL, RUNS):
                await programme.sql.execute(fill.format(people=7).encode())

        limit = 700 if name == "delivery_page" else 333
        rows = await walk(getattr(engine, name), key, Filter(sees=sees, limit=limit), insert)
        ids = [getattr(row, parts[-1]) for row in rows]
        assert (len(ids), set(ids)) == (len(before), before), name
        assert rows == sorted(rows, key=key, reverse=True)


async def test_a_plan_is_walked_person_by_person_and_each_page_has_the_numbers_of_all(
    programme: Programme, engine: Engine
) -> None:
    users = sorted(await programme.people(25))
    rows = await walk(
        lambda asked: _people(engine, asked), attrgetter("scenario_type", "user_id"), Filter(limit=7), _nothing
    )
    assert [(one.scenario_type, one.user_id) for one in rows] == [
        (name, user) for name in ("nudge", "other") for user in users
    ]
    with pytest.raises(CursorInvalid):
        await engine.plan_page(Filter(after=("retired", users[0])))


async def _people(engine: Engine, asked: Filter) -> Sequence[Any]:
    page = await engine.plan_page(asked)
    assert [(one.scenario_type, one.due) for one in page.previews] == [("nudge", 25), ("other", 25)]
    return page.people


async def _nothing() -> None:
    pass


async def test_a_list_has_the_rows_that_meet_every_condition(programme: Programme, engine: Engine) -> None:
    first, second = await recorded(programme, OURS, THEIRS)
    await programme.at(NOW + timedelta(hours=1))
    (third,) = await recorded(programme, OURS, scenario_type="other")
    later = NOW + timedelta(hours=1)
    expected: list[tuple[Filter, set[UUID]]] = [
        (Filter(scenario_type="other"), {third}),
        (Filter(user_id=second), {second}),
        (Filter(since=later), {third}),
        (Filter(until=later), {first, second}),
        (Filter(until=later, organisation_id=OURS), {first}),
        (Filter(scenario_type="nudge", user_id=third), set()),
        (Filter(limit=1), {third}),
    ]
    for asked, users in expected:
        for read in (engine.notification_page, engine.delivery_page):
            assert {one.user_id for one in await read(asked)} == users, asked


async def test_runs_are_found_by_the_selection_and_the_time(programme: Programme, engine: Engine) -> None:
    ours = await engine.run(scenarios=["nudge"], organisations=[OURS])
    everything = await engine.run()
    found: list[tuple[Filter, list[Report]]] = [
        (Filter(scenario_type="nudge"), [ours, everything]),
        (Filter(scenario_type="other"), [everything]),
        (Filter(organisation_id=OURS), [ours]),
        (Filter(organisation_id=THEIRS), []),
        (Filter(sees={OURS}), [ours]),
        (Filter(until=NOW), []),
        (Filter(since=NOW), [ours, everything]),
    ]
    for asked, reports in found:
        assert {one.run_id for one in await engine.run_page(asked)} == {one.run_id for one in reports}, asked


async def test_a_limited_reader_sees_the_switches_of_the_organisation_alone(
    programme: Programme, engine: Engine
) -> None:
    for scenario_type, organisation_id in (("nudge", OURS), ("nudge", THEIRS), (None, None), ("nudge", None)):
        await engine.switch("off", scenario_type=scenario_type, organisation_id=organisation_id)
    assert len(await engine.switches()) == 4
    assert [one.organisation_id for one in await engine.switches(sees={OURS})] == [OURS]


async def test_a_plan_that_takes_too_long_ends_with_a_fault_and_gives_its_connection_back(
    programme: Programme, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    await programme.people(1)
    monkeypatch.setattr(pages, "PLAN_SECONDS", 0.3)
    async with programme.sql.transaction():
        await programme.sql.execute("lock table team.person in access exclusive mode")
        with pytest.raises(StatementTooSlow, match=r"longer than 0\.3 s"):
            await engine.plan_page(Filter())
    monkeypatch.setattr(pages, "PLAN_SECONDS", 60.0)
    assert len((await engine.plan_page(Filter())).people) == 2
