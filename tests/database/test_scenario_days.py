"""What the runs of each day did for a scenario."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from conftest import one_server
from plans.test_claim_plan import scans
from plans.test_small_plans import rows_read
from rekindle import Engine
from rekindle.postgres.sql import statement
from rekindle.scenario import Config
from rekindle.settings import Settings
from rekindle.testing import ScriptedDispatcher
from team.programme import Programme, open_programme

server = one_server
START = datetime(2026, 3, 1, tzinfo=UTC)
DAYS = [START + timedelta(days=number) for number in range(31)]
FILL = """
with run as (
  insert into rekindle.run (run_id, status, started_at, finished_at, budget_seconds, dispatcher)
  select md5('r' || n)::uuid, 'done', timestamptz '2026-02-01 00:00Z' + n * interval '15 min', now(), 30, 'log'
  from generate_series(0, {runs} - 1) n
  returning run_id, started_at
)
insert into rekindle.run_scenario (run_id, scenario_type, position, at, evaluated, not_due, refused, claimed, recorded,
                                   skipped, pushes, refusals, reasons)
select run_id, name, 1, started_at, 10, 4, 3, 3, 2, 1, 4, '{{"no_token": 2, "cooldown": 1}}', '{{"skipped:stale": 1}}'
from run, unnest(array['away', 'other', 'third']) name;
analyze;
"""


@pytest.fixture
async def programme(database_url: str) -> AsyncIterator[Programme]:
    async with open_programme(database_url) as programme:
        yield programme


async def test_the_numbers_of_a_day_are_the_sums_of_its_runs(programme: Programme, database_url: str) -> None:
    await programme.sql.execute(FILL.format(runs=2_690).encode())
    settings = Settings(database_url=SecretStr(database_url))
    async with Engine.open(settings, Config(), dispatcher=ScriptedDispatcher()) as engine:
        found = await engine.scenario_days("away", DAYS)
        assert await engine.scenario_days("nothing", DAYS) == []
    # 2,690 runs, one each quarter of an hour, end two quarters into the first of March.
    [day] = found
    assert (day.day, day.runs, day.evaluated, day.due, day.claimed) == (0, 2, 20, 12, 6)
    assert (day.recorded, day.skipped, day.pushes, day.held_out, day.dead, day.unknown) == (4, 2, 8, 0, 0, 0)
    assert day.refusals == {"no_token": 4, "cooldown": 2}


async def test_only_the_runs_of_these_days_are_read(programme: Programme) -> None:
    await programme.sql.execute(FILL.format(runs=20_000).encode())
    parameters = {"scenario_type": "away", "days": DAYS}
    query = "explain (analyze, format json, timing off) " + statement("scenario_days")
    row = await (await programme.sql.execute(query.encode(), parameters)).fetchone()
    plan = row["QUERY PLAN"][0]
    assert not [scan for scan in scans(plan, "run_scenario") if scan["Node Type"] == "Seq Scan"]
    assert rows_read(plan, "run_scenario") == 30 * 96
