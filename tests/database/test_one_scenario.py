"""One scenario's fault is not the others': whatever a view raises, and however slow it is."""

import time
from collections.abc import AsyncIterator, Sequence

import psycopg
import pytest

from conftest import one_server
from rekindle.engine.check import check
from rekindle.engine.cycle import Caller, Deps, Limits, Watch
from rekindle.engine.explain import explain
from rekindle.engine.preview import Preview, plan
from rekindle.engine.priority import evaluations
from rekindle.engine.run import run_cycle
from rekindle.model import Report, Selection
from rekindle.policy import UNGUARDED
from rekindle.ports import Applied, Terms
from rekindle.postgres.explain import PostgresExplanations
from rekindle.postgres.reports import Reports
from rekindle.postgres.source import PostgresSource
from rekindle.scenario import Config, definition
from rekindle.testing import ScriptedDispatcher
from team.programme import Programme, applied, open_programme, scenario, wanted

server = one_server

EXPIRY = scenario("expiry", before=["7d"], priority=45)
AWAY = scenario("inactivity", after=["14d"], priority=40)
SOUND = ("away", "nudge")
RAISED = ("P0001", "22023", "40001", "42501", "42P01", "08001", "08P01", "23505", "53100", "54001", "55P03", "57014",
          "57P01", "XX000")  # fmt: skip


@pytest.fixture
async def programme(database_url: str) -> AsyncIterator[Programme]:
    """Ada is due under three scenarios; `expiry` reads a view that the test breaks."""
    async with open_programme(database_url) as programme:
        await programme.sql.execute(
            "create function team.broken(code text) returns date language plpgsql as $$ begin "
            "  raise exception 'canary of Ada' using errcode = code; end $$; "
            "create table team.failure (code text); "
            "create or replace view rekindle_source.certification as "
            "  select certification_id, user_id, name, case when code is null then expires_on "
            "    else team.broken(code) end as expires_on "
            "  from team.certificate left join team.failure on true"
        )
        ada = await programme.person()
        await programme.want(ada)
        await programme.sql.execute("insert into team.activity values (%s, now() - interval '20 days')", [ada])
        await programme.sql.execute(
            "insert into team.certificate values (gen_random_uuid(), %s, 'First aid', current_date + 5)", [ada]
        )
        config = {"scenario": {one.scenario_type: definition(one.scenario) for one in every()}}
        await Reports(programme.database).store_config(Config.model_validate(config))
        yield programme


def every() -> list[Applied]:
    return [applied(EXPIRY, "expiry"), applied(wanted(), "nudge"), applied(AWAY, "away")]


async def run(programme: Programme, chosen: Sequence[Applied], *, budget: float = 20) -> tuple[Report, list[str]]:
    """One cycle. Returns its report, and the scenarios that were sent, in order."""
    dispatcher = ScriptedDispatcher()
    deps = Deps(dispatcher, programme.store, programme.store)
    report = await run_cycle(deps, chosen, Selection(), Limits(budget_seconds=budget, timezone="UTC", guard=UNGUARDED))
    await programme.sql.execute("delete from rekindle.gate; delete from rekindle.scenario_notification")
    return report, sorted({message.scenario_type for message in dispatcher.sent})


async def test_whatever_a_view_raises_the_other_scenarios_are_sent_planned_and_explained(
    programme: Programme,
) -> None:
    user_id = await programme.value("select user_id from team.person")
    asked = evaluations(every(), Selection(), every(), Terms("UTC", 20))
    for code in RAISED:
        await programme.sql.execute("delete from team.failure")
        await programme.sql.execute("insert into team.failure values (%s)", [code])
        report, sent = await run(programme, every())
        assert (code, report.status, sent) == (code, "halted", ["away", "nudge"])
        halted_by = report.halted_by or ""
        assert halted_by.startswith("RK209" if code == "57014" else "RK306"), (code, halted_by)
        assert "scenario expiry" in halted_by
        assert "canary" not in halted_by
        previews = [one async for one in plan(programme.store, asked, guard=UNGUARDED) if isinstance(one, Preview)]
        assert [one.would_claim for one in previews] == [1, 0, 1], code
        assert [bool(one.fault) for one in previews] == [False, True, False], code
        explained = await explain(PostgresExplanations(programme.database), user_id, every(), terms=Terms("UTC", 20))
        assert [bool(one.fault) for one in explained] == [False, True, False], code


async def test_a_locked_table_costs_one_scenario_its_share_and_it_goes_first_the_next_time(
    programme: Programme, database_url: str
) -> None:
    assert not any(one.passed_over for one in await programme.store.applied())
    async with await psycopg.AsyncConnection.connect(database_url) as other:
        await other.execute("lock table team.certificate in access exclusive mode")
        began = time.monotonic()
        report, sent = await run(programme, await programme.store.applied(), budget=12)
        assert time.monotonic() - began < 28  # a statement may wait for 30
    assert (report.status, sent) == ("halted", ["away", "nudge"])
    assert (report.halted_by or "").startswith("RK209: scenario expiry took longer than its share of the time")
    assert [one.scenario_type for one in report.scenarios] == ["nudge", "away"]
    again = await programme.store.applied()
    assert [one.scenario_type for one in again if one.passed_over] == ["expiry"]
    report, sent = await run(programme, again)
    assert (report.status, sent) == ("done", ["away", "expiry", "nudge"])
    assert report.scenarios[0].scenario_type == "expiry"
    assert not any(one.passed_over for one in await programme.store.applied())


async def test_a_table_that_is_locked_after_the_claim_keeps_only_the_scenarios_whose_last_look_reads_it(
    programme: Programme, database_url: str
) -> None:
    dispatcher = ScriptedDispatcher()
    deps = Deps(dispatcher, programme.store, programme.store)
    limits = Limits(budget_seconds=15, timezone="UTC", guard=UNGUARDED)
    with psycopg.connect(database_url) as other:

        def lock(_: object) -> None:
            other.execute("lock table team.activity in access exclusive mode")

        caller = Caller(watch=Watch(claimed=lock))
        report = await run_cycle(deps, await programme.store.applied(), Selection(), limits, caller=caller)
    assert sorted({message.scenario_type for message in dispatcher.sent}) == ["expiry", "nudge"]
    assert (report.halted_by or "").startswith("RK209: the last look at the people of scenario away took longer than")
    assert [(one.scenario_type, one.recorded, one.pending) for one in report.scenarios] == [
        ("nudge", 1, 0), ("expiry", 1, 0), ("away", 0, 1),
    ]  # fmt: skip


async def found(programme: Programme, *, of: str = "recipients") -> list[tuple[str, str | None, str]]:
    """The findings of a check about one subject: the kind, the code and the message."""
    config = Config.model_validate({"scenario": {one.scenario_type: definition(one.scenario) for one in every()}})
    findings = await check(config, PostgresSource(programme.database))
    assert len(findings) >= 9  # the others are shown too
    return [
        ("note" if one.note else "wrong" if one.fault else "ok", one.fault and one.fault.code, one.message)
        for one in findings
        if one.subject.startswith(of)
    ]


async def test_an_id_that_cannot_be_read_fails_the_scenarios_of_its_view_and_check_names_the_view(
    programme: Programme,
) -> None:
    await programme.sql.execute(
        "create table team.paper (id text, owner text, expires date); "
        "insert into team.paper values ('1', gen_random_uuid(), current_date + 1), ('2', 'cku3f2k3h0000', null); "
        "create or replace view rekindle_source.certification as "
        "  select id::int::text::uuid as certification_id, owner::uuid as user_id, id as name, expires as expires_on "
        "  from team.paper"
    )
    report, sent = await run(programme, every())
    assert (report.status, sent) == ("halted", ["away", "nudge"])
    assert (report.halted_by or "").startswith("RK302: scenario expiry reads a value that is not valid")
    [(kind, code, message)] = await found(programme, of="certification")
    assert (kind, code) == ("wrong", "RK302")
    assert message.startswith("the view rekindle_source.certification reads a value that is not valid: invalid input")
    assert "cku" not in message


async def test_a_check_of_locked_views_names_them_and_goes_on(programme: Programme, database_url: str) -> None:
    async with await psycopg.AsyncConnection.connect(database_url) as other:
        await other.execute("lock table team.activity in access exclusive mode")
        [(kind, code, message)] = await found(programme, of="activity")
    assert (kind, code) == ("wrong", "RK306")
    assert message.startswith("the view activity cannot be evaluated: SQLSTATE 55P03, canceling statement due to lock")


async def test_a_person_who_is_listed_twice_counts_once_in_check_plan_and_run(programme: Programme) -> None:
    await programme.sql.execute(
        "insert into team.person select user_id, gen_random_uuid(), 'Europe/Oslo', locale, active from team.person; "
        "insert into team.person (user_id, active) values (null, true), (null, true)"
    )
    counted, repeated, without = await found(programme)
    assert counted[2].startswith("1 active recipients; 0 without a usable time zone, 0 without a")
    assert repeated[2].startswith("rekindle_source.recipient lists 1 of them several times; each gets one push")
    assert without == ("note", None, "rekindle_source.recipient has 2 active rows without a user_id")
    asked = evaluations(every(), Selection(), every(), Terms("UTC", 20))
    previews = [one async for one in plan(programme.store, asked, guard=UNGUARDED) if isinstance(one, Preview)]
    assert [(one.evaluated, one.would_claim) for one in previews] == [(1, 1)] * 3
    report, _ = await run(programme, every())
    assert [(one.evaluated, one.claimed) for one in report.scenarios] == [(1, 1)] * 3
