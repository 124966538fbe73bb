"""What a run has committed before a message leaves, and what it does not send."""

import time
from collections.abc import AsyncIterator
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from rekindle.engine import dispatch
from rekindle.engine.run import Deps, Limits, run_cycle
from rekindle.model import Accepted, Message, Outcome, Report, Selection
from rekindle.postgres.reports import Reports
from rekindle.scenario import Config
from rekindle.testing import ScriptedDispatcher
from team.programme import Programme, applied, open_programme, scenario

MILESTONE = scenario("milestone", at=[1])


@pytest.fixture
async def programme(database_url: str) -> AsyncIterator[Programme]:
    async with open_programme(database_url) as programme:
        await programme.people(30, devices=2)
        await programme.sql.execute("insert into team.activity select user_id, now() from team.person")
        config = Config(scenario={"milestone": MILESTONE.model_dump(exclude_none=True)})
        await Reports(programme.database).store_config(config)
        yield programme


async def run(programme: Programme, dispatcher: ScriptedDispatcher) -> Report:
    deps = Deps(dispatcher, programme.store, programme.store)
    return await run_cycle(deps, [applied(MILESTONE, "milestone")], Selection(), Limits(budget_seconds=60))


async def test_a_message_leaves_only_after_its_arming_is_committed(programme: Programme) -> None:
    seen: list[dict[str, Any]] = []
    with psycopg.connect(programme.database.url, autocommit=True, row_factory=dict_row) as elsewhere:

        def answer(message: Message) -> Outcome:
            query = "select state, attempts from rekindle.outbox where claim_id = %s and target = %s"
            seen.extend(elsewhere.execute(query, [message.claim_id, message.target]).fetchall())
            return Accepted(f"n/{message.target}")

        report = await run(programme, ScriptedDispatcher(answer))
    assert report.scenarios[0].pushes == 60
    assert seen == [{"state": "dispatching", "attempts": 1}] * 60


async def test_a_process_that_was_stopped_after_arming_sends_nothing_and_the_units_wait(
    programme: Programme, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if the process had been stopped from before each arming until its time to send was
    over."""
    monkeypatch.setattr(dispatch, "START_SECONDS", -1.0)
    dispatcher = ScriptedDispatcher()
    report = await run(programme, dispatcher)
    assert dispatcher.sent == []
    (one,) = report.scenarios
    assert (one.pending, dict(one.reasons)) == (30, {"retry:process_paused": 30})


async def test_a_run_whose_claim_takes_longer_than_its_budget_ends_in_time_and_reports_it(programme: Programme) -> None:
    await programme.sql.execute(
        "create or replace view rekindle_source.recipient as "
        "select p.user_id, p.organisation_id, p.chapter_id, p.timezone, p.locale, p.active, p.first_name "
        "from team.person p cross join lateral (select pg_sleep(3 + 0 * ascii(p.locale))) slow"
    )
    dispatcher = ScriptedDispatcher()
    deps = Deps(dispatcher, programme.store, programme.store)
    started = time.monotonic()
    report = await run_cycle(deps, [applied(MILESTONE, "milestone")], Selection(), Limits(budget_seconds=3))
    assert time.monotonic() - started < 60  # the claim would take 90
    assert (report.status, dispatcher.sent) == ("halted", [])
    assert (report.halted_by or "").startswith("RK209")
