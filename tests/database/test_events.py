"""The log events of a run that other tests do not look for, and its metrics beside them."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from conftest import one_server
from rekindle.engine.run import Deps, Limits, run_cycle
from rekindle.errors import CredentialsMissing
from rekindle.model import Accepted, Message, Outcome, Report, Selection
from rekindle.policy import UNGUARDED
from rekindle.postgres.reports import Reports
from rekindle.scenario import AnyScenario, Config
from rekindle.testing import ScriptedDispatcher
from team.programme import Programme, applied, open_programme, scenario, wanted

server = one_server
Logged = list[dict[str, Any]]


@pytest.fixture
async def programme(database_url: str) -> AsyncIterator[Programme]:
    async with open_programme(database_url) as programme:
        await Reports(programme.database).store_config(Config(scenario={"nudge": wanted()}))
        yield programme


async def run(
    programme: Programme, dispatcher: ScriptedDispatcher, *, one: AnyScenario | None = None, **more: Any
) -> Report:
    deps = Deps(dispatcher, programme.store, programme.store)
    limits = Limits(budget_seconds=60, guard=UNGUARDED)
    return await run_cycle(deps, [applied(one or wanted())], Selection(), limits, **more)


def named(logged: Logged, event: str) -> list[dict[str, Any]]:
    return [one for one in logged if one["event"] == event]


class Meddling(ScriptedDispatcher):
    """Accepts everything, and runs a statement before it does."""

    def __init__(self, programme: Programme, statement: str) -> None:
        super().__init__()
        self._programme = programme
        self._statement = statement

    async def send(self, message: Message, *, timeout: float) -> Outcome:
        await self._programme.rows(self._statement)
        return Accepted("n")


async def test_an_answer_of_a_unit_that_another_run_has_taken_over_is_stale(
    programme: Programme, logged: Logged
) -> None:
    await programme.people(1)
    await run(programme, Meddling(programme, "update rekindle.outbox set epoch = epoch + 1"))
    assert [one["scenario"] for one in named(logged, "record.stale")] == ["nudge"]


async def test_an_answer_whose_key_another_writer_has_used_is_a_conflict(programme: Programme, logged: Logged) -> None:
    await programme.people(1)
    taking = (
        "insert into rekindle.scenario_notification (id, user_id, scenario_type, idempotency_key) "
        "select gen_random_uuid(), user_id, scenario_type, idempotency_key from rekindle.outbox"
    )
    await run(programme, Meddling(programme, taking))
    assert [one["scenario"] for one in named(logged, "record.conflict")] == ["nudge"]


async def test_a_unit_that_is_lost_before_it_is_armed_is_left_alone(
    programme: Programme, logged: Logged, monkeypatch: pytest.MonkeyPatch
) -> None:
    await programme.people(1)
    arm = programme.store.arm

    async def late(*arguments: Any, **options: Any) -> Any:
        await programme.rows("update rekindle.outbox set epoch = epoch + 1")
        return await arm(*arguments, **options)

    monkeypatch.setattr(programme.store, "arm", late)
    dispatcher = ScriptedDispatcher()
    deps = Deps(dispatcher, programme.store, programme.store)
    await run_cycle(deps, [applied(wanted())], Selection(), Limits(budget_seconds=10, guard=UNGUARDED))
    assert (named(logged, "dispatch.lease_lost")[0]["scenario"], dispatcher.sent) == ("nudge", [])


async def test_a_text_that_can_no_longer_be_rendered_ends_its_unit(programme: Programme, logged: Logged) -> None:
    text = {"en": {"title": "{points}", "body": "b"}}
    one = scenario("sql", query="select user_id, occurrence, variables from team.wanted", message=text)
    await Reports(programme.database).store_config(Config(scenario={"nudge": one}))
    await programme.want(await programme.person(), variables={"points": "1"})
    run_id, _ = await programme.claimed_units(one)
    await programme.rows("update rekindle.outbox set variables = '{}', scenario_version = 2")
    await programme.store.release(run_id)
    report = await run(programme, ScriptedDispatcher(), one=one)
    assert report.scenarios[0].dead == 1
    (failed,) = named(logged, "render.failed")
    assert (failed["scenario"], failed["reason"]) == ("nudge", "missing_variable")


async def test_people_who_are_due_and_have_no_device_are_a_warning_and_are_counted(
    programme: Programme, logged: Logged, registry: CollectorRegistry
) -> None:
    await programme.people(2)
    await programme.rows("delete from team.device")
    await run(programme, ScriptedDispatcher())
    assert [one["people"] for one in named(logged, "run.no_usable_token")] == [2]
    refused = {"scenario": "nudge", "outcome": "refused", "reason": "no_token"}
    assert registry.get_sample_value("rekindle_people_evaluated_total", refused) == 2
    assert registry.get_sample_value("rekindle_claim_duration_seconds_count", {"scenario": "nudge"}) == 1


async def test_what_a_lost_process_left_is_swept_with_a_warning(programme: Programme, logged: Logged) -> None:
    await programme.people(1)
    await programme.armed_units()
    await programme.rows("update rekindle.outbox set lease_until = rekindle.clock() - interval '1 hour'")
    await run(programme, ScriptedDispatcher())
    assert len(named(logged, "sweep.found")) == 1


async def test_a_scenario_is_claimed_without_one_that_outranks_it_and_cannot_be_evaluated(
    programme: Programme, logged: Logged
) -> None:
    await programme.people(1)
    first = scenario(
        "sql", query="select user_id, occurrence, variables from team.absent", priority=90, caps=["1 per 7d"]
    )
    report = await run(programme, ScriptedDispatcher(), one=wanted(caps=["1 per 7d"]), others=[applied(first, "first")])
    assert report.scenarios[0].recorded == 1
    assert [one["scenario"] for one in named(logged, "scenario.unranked")] == ["nudge"]


async def test_a_run_whose_end_cannot_be_written_says_so_and_its_fault_is_counted(
    programme: Programme, logged: Logged, registry: CollectorRegistry
) -> None:
    class Vanishing(ScriptedDispatcher):
        async def open(self) -> None:
            await programme.rows("alter table rekindle.run_scenario rename to hidden")
            raise CredentialsMissing

    with pytest.raises(CredentialsMissing):
        await run(programme, Vanishing())
    await programme.rows("alter table rekindle.hidden rename to run_scenario")
    assert len(named(logged, "report.failed")) == 1
    assert registry.get_sample_value("rekindle_run_faults_total", {"code": "RK401"}) == 1


async def test_a_run_whose_look_back_fails_is_done_all_the_same(programme: Programme, logged: Logged) -> None:
    """One push is old enough, and the team's view fails for its person."""
    await run(programme, ScriptedDispatcher())
    await programme.rows(
        "insert into rekindle.scenario_notification (id, user_id, scenario_type, idempotency_key, dispatched_at) "
        "values (gen_random_uuid(), gen_random_uuid(), 'nudge', 'key', now() - interval '20 days')"
    )
    assert (await run(programme, ScriptedDispatcher())).status == "done"
    assert await programme.value("select count(*) from rekindle.came_back where back_at is null") == 1
    await programme.rows("delete from rekindle.came_back")
    await programme.rows(
        "drop view rekindle_source.activity; create view rekindle_source.activity as select n.user_id, "
        "now() + interval '1 s' / mod(extract(epoch from now())::int, 1) as activity_date "
        "from rekindle.scenario_notification n; grant select on rekindle_source.activity to rekindle_worker"
    )
    assert (await run(programme, ScriptedDispatcher())).status == "done"
    assert [one["code"] for one in named(logged, "look_back.failed")] == ["RK302"]
