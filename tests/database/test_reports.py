"""The reports of applied scenarios and of runs, as the ledger has them."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from conftest import one_server
from rekindle.errors import ConfigInvalid, WouldRetire
from rekindle.model import Acceptance, Ending, Selection
from rekindle.policy import HOLD_SECONDS
from rekindle.ports import Filter
from rekindle.postgres.reports import Reports
from rekindle.scenario import AnyScenario, Config
from team.programme import Programme, open_programme, scenario, wanted

server = one_server

NOW = datetime(2026, 3, 10, 11, 30, tzinfo=UTC)


@pytest.fixture
async def programme(database_url: str) -> AsyncIterator[Programme]:
    async with open_programme(database_url) as programme:
        await programme.at(NOW)
        yield programme


@pytest.fixture
def reports(programme: Programme) -> Reports:
    return Reports(programme.database)


def config(**scenarios: AnyScenario) -> Config:
    return Config(scenario={name: one.model_dump(exclude_none=True) for name, one in scenarios.items()})


async def applied(reports: Reports, wish: Config) -> list[tuple[str, int, str]]:
    return [(one.scenario_type, one.version, one.change) for one in await reports.store_config(wish, retire=True)]


async def test_applying_reports_what_was_added_changed_and_retired_and_nothing_else(reports: Reports) -> None:
    one, other = scenario("milestone", at=[1]), wanted()
    assert await applied(reports, config(one=one, other=other)) == [("one", 1, "added"), ("other", 1, "added")]
    assert await applied(reports, config(other=other, one=one)) == []
    changed = scenario("milestone", at=[1, 2])
    assert await applied(reports, config(one=changed, other=other)) == [("one", 2, "changed")]
    assert await applied(reports, config(one=changed)) == [("other", 2, "retired")]
    assert await applied(reports, config(one=changed)) == []
    assert [status.applied.scenario_type for status in await reports.scenarios()] == ["one"]
    assert await applied(reports, config(one=changed, other=other)) == [("other", 3, "added")]
    assert await applied(reports, config(one=one, other=other)) == [("one", 3, "changed")]


async def test_a_person_who_is_reached_under_two_scenarios_is_one_person(programme: Programme) -> None:
    users = await programme.people(3)
    await programme.want(*users[:2])
    run_id = await programme.run()
    for name, some in (("one", users[:2]), ("other", users[:1])):
        await programme.want(*some)
        await programme.claim(wanted(), run_id=run_id, scenario_type=name)
        units = await programme.held(run_id, name)
        await programme.store.arm(units, lease_seconds=30)
        await programme.store.record(run_id, [Acceptance(unit, f"{name}/{unit.claim_id}") for unit in units])
    report = await programme.store.count_run(run_id, status="done")
    assert (sum(one.recorded for one in report.scenarios), report.reached) == (3, 2)


async def test_scenarios_are_retired_only_if_somebody_says_so(programme: Programme, reports: Reports) -> None:
    await reports.store_config(config(one=wanted(), other=wanted()))
    for wish in (config(one=wanted(cooldown="2d")), config()):
        with pytest.raises(WouldRetire, match=r"does not have (one, )?other, so"):
            await reports.store_config(wish)
    assert await programme.value("select count(*) from rekindle.scenario") == 2
    assert [one.change for one in await reports.store_config(config(), retire=True)] == ["retired", "retired"]


async def test_a_scenario_is_read_as_it_was_applied_in_each_of_its_versions(
    programme: Programme, reports: Reports
) -> None:
    one, changed = scenario("milestone", at=[5, 10], cooldown="36h"), scenario("milestone", at=[7])
    await reports.store_config(config(one=one))
    await reports.store_config(config(one=changed))
    assert [await programme.store.scenario("one", version) for version in (1, 2)] == [one, changed]
    assert [(status.applied.version, status.applied.scenario) for status in await reports.scenarios()] == [(2, changed)]


async def test_several_that_apply_at_once_follow_one_another(programme: Programme, reports: Reports) -> None:
    wishes = [config(one=scenario("milestone", at=[mark])) for mark in (1, 2, 3, 4)]
    changes = await asyncio.gather(*(applied(reports, wish) for wish in wishes))
    assert sorted(version for ((_, version, _),) in changes) == [1, 2, 3, 4]
    assert await programme.value("select count(*) from rekindle.scenario") == 4


async def test_the_numbers_of_a_run_count_its_claims_by_state(programme: Programme) -> None:
    users = await programme.people(6, devices=2)
    await programme.person()
    run_id, units = await programme.armed_units()
    of = {user: [unit for unit in units if unit.user_id == user] for user in users}
    store = programme.store
    # A person with two devices counts once, by the better ending: recorded, unknown, pending, dead,
    # skipped.
    await store.record(run_id, [Acceptance(of[users[0]][0], "n/1"), Acceptance(of[users[0]][1], "n/2")])
    await store.record(run_id, [Acceptance(of[users[1]][0], "n/3")])
    await store.finish(run_id, [Ending(of[users[1]][1], "dead", "x")])
    await store.hold([(of[users[2]][0], "timeout")])
    await store.retry([(of[users[2]][1], "quota_exceeded", 60.0)])
    await store.retry([(of[users[3]][0], "quota_exceeded", 60.0)])
    await store.finish(run_id, [Ending(of[users[3]][1], "dead", "x")])
    await store.finish(run_id, [Ending(of[users[4]][0], "dead", "x"), Ending(of[users[4]][1], "skipped", "y")])
    await store.finish(run_id, [Ending(unit, "skipped", "unregistered", prune=True) for unit in of[users[5]]])
    report = await store.count_run(run_id, status="incomplete")
    numbers = report.scenarios[0]
    assert (numbers.evaluated, numbers.not_due, numbers.claimed) == (7, 1, 6)
    assert (numbers.recorded, numbers.unknown, numbers.pending, numbers.dead, numbers.skipped) == (2, 1, 1, 1, 1)
    assert numbers.pushes == 3
    assert numbers.reasons == {
        "unknown:timeout": 1,
        "retry:quota_exceeded": 1,
        "dead:x": 1,
        "skipped:unregistered": 1,
    }
    assert (report.status, report.exit_code, report.started_at, report.finished_at) == ("incomplete", 1, NOW, NOW)


async def test_a_claim_that_another_run_carries_on_is_handed_over_here_and_carried_there(programme: Programme) -> None:
    await programme.people(3)
    first, _ = await programme.claimed_units()
    await programme.store.release(first)
    second = await programme.run()
    await programme.store.lease(second, Selection(scenarios=("nudge",)), limit=2, lease_seconds=60)
    units = await programme.held(second)
    await programme.store.arm(units, lease_seconds=60)
    await programme.store.record(second, [Acceptance(unit, "n") for unit in units])
    one = (await programme.store.count_run(first, status="budget")).scenarios[0]
    other = (await programme.store.count_run(second, status="done")).scenarios[0]
    assert (one.claimed, one.handed_over, one.pending, one.recorded) == (3, 2, 1, 0)
    assert (other.claimed, other.carried, other.recorded, other.evaluated) == (0, 2, 2, 0)


async def test_runs_are_listed_newest_first_up_to_the_limit(programme: Programme, reports: Reports) -> None:
    made = []
    for minute in range(4):
        await programme.at(NOW + timedelta(minutes=minute))
        made.append(await programme.run())
    assert [run.run_id for run in await reports.runs(limit=3)] == [made[3], made[2], made[1]]
    assert [run.run_id for run in await reports.runs(run_id=made[0])] == [made[0]]
    assert {run.status for run in await reports.runs()} == {"running"}


async def test_each_scenario_shows_the_numbers_of_the_run_that_evaluated_it_last(
    programme: Programme, reports: Reports
) -> None:
    await reports.store_config(config(nudge=wanted(), other=wanted(priority=90)))
    assert [(one.applied.scenario_type, one.latest) for one in await reports.scenarios()] == [
        ("other", None),
        ("nudge", None),
    ]
    await programme.people(2)
    for minute in range(2):
        await programme.at(NOW + timedelta(minutes=minute))
        await programme.claim(wanted())
    other, nudge = await reports.scenarios()
    assert other.latest is None
    assert nudge.latest is not None
    assert nudge.latest.refusals == {"in_flight": 2}
    assert nudge.last_run_at == NOW + timedelta(minutes=1)


async def test_uncertain_sends_are_listed_while_they_are_held_and_after(programme: Programme, reports: Reports) -> None:
    await programme.people(2)
    _, units = await programme.armed_units()
    await programme.store.hold([(units[0], "timeout")])
    held = await reports.unknown()
    assert [(one.claim_id, one.reason, one.closed_at, one.attempts) for one in held] == [
        (units[0].claim_id, "timeout", None, 1)
    ]
    closing = NOW + timedelta(seconds=HOLD_SECONDS + 1)
    await programme.at(closing)
    await programme.store.sweep()
    both = {one.claim_id: one for one in await reports.unknown()}
    assert both[units[0].claim_id].closed_at == closing
    assert both[units[1].claim_id].reason == "worker_lost"
    assert both[units[1].claim_id].closed_at is None
    assert len(await reports.unknown(Filter(limit=1))) == 1


async def test_a_scenario_that_a_newer_version_has_applied_is_one_error_that_quotes_no_text(
    programme: Programme, reports: Reports
) -> None:
    await applied(reports, config(nudge=wanted()))
    await programme.sql.execute(
        "insert into rekindle.scenario (scenario_type, version, definition, fingerprint, applied_at, applied_by) "
        'select scenario_type, 2, definition || \'{"key_of_tomorrow": "c4n4ry"}\', fingerprint, applied_at, applied_by '
        "from rekindle.scenario"
    )
    for reading in (reports.scenarios(), programme.store.applied(), programme.store.scenario("nudge", 2)):
        with pytest.raises(ConfigInvalid, match=r"cannot read scenario nudge as it is applied \(version 2\)") as fault:
            await reading
        assert "upgrade this one" in fault.value.hint
        assert "c4n4ry" not in str(fault.value)


HERE, THERE = UUID(int=1), UUID(int=2)


async def opened(programme: Programme, *organisations: UUID, by: str | None = None) -> UUID:
    return await programme.store.open_run(
        budget_seconds=30,
        dispatcher="log",
        selection=Selection(scenarios=("nudge",), organisations=organisations),
        started_by=by,
    )


async def test_a_run_keeps_its_selection_and_who_started_it(programme: Programme, reports: Reports) -> None:
    named, unnamed = await opened(programme, HERE, THERE, by="key ci"), await opened(programme)
    (report,) = await reports.runs(run_id=named)
    assert (report.organisations, report.started_by) == ((HERE, THERE), "key ci")
    (report,) = await reports.runs(run_id=unnamed)
    login = await programme.value("select session_user")
    assert (report.organisations, report.started_by) == ((), f"login {login}")
    assert await programme.value("select scenario_types from rekindle.run limit 1") == ["nudge"]


async def test_a_reader_of_one_organisation_sees_only_runs_that_are_limited_to_it(
    programme: Programme, reports: Reports
) -> None:
    everything, here = await opened(programme), await opened(programme, HERE)
    there, both = await opened(programme, THERE), await opened(programme, HERE, THERE)

    async def seen(*sees: UUID) -> set[UUID]:
        return {report.run_id for report in await reports.runs(sees=sees)}

    assert {report.run_id for report in await reports.runs()} == {everything, here, there, both}
    assert await seen(HERE) == {here}
    assert await seen(HERE, THERE, UUID(int=3)) == {here, there, both}
    assert await seen() == set()
    assert await reports.runs(run_id=there, sees=[HERE]) == []
