"""How Postgres reads a page of records, deliveries and runs where there are 100,000 of them."""

import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from plans.test_claim_plan import scans
from plans.test_small_plans import rows_read
from rekindle.ports import Filter
from rekindle.postgres.lists import page_of
from rekindle.postgres.reached import MADE_EXPENSIVE
from rekindle.postgres.sql import statement
from team.programme import Programme, open_programme

ROWS, FEWER, LIMIT = 100_000, 20_000, 101
PERSON = UUID(hashlib.md5(b"u15", usedforsecurity=False).hexdigest())
START = datetime(2026, 1, 1, tzinfo=UTC)
SMALL, LARGE, OLD = UUID(int=1), UUID(int=2), UUID(int=3)
FILL = """
insert into rekindle.scenario_notification (id, user_id, scenario_type, dispatched_at, idempotency_key, organisation_id,
                                            occurrence, cooldown_window_start)
select md5('n' || n)::uuid, md5('u' || n % 20000)::uuid, case when n <= 200 then 'retired' else 'nudge' || n % 5 end,
       timestamptz '2026-01-01 00:00Z' + n / 500 * interval '1 min', md5('k' || n) || md5('k' || n),
       case when n % 5000 = 0 then '{small}'::uuid when n <= 500 then '{old}' when n % 3 = 0 then '{large}'
            else md5('o' || n % 100)::uuid end, 'once', timestamptz '2026-01-01 00:00Z' + n * interval '1 s'
from generate_series(1, {rows}) n;
insert into rekindle.delivery (claim_id, device_id, user_id, scenario_type, claimed_run_id, run_id, provider_name,
                               attempts)
select id, md5('d' || d)::uuid, user_id, scenario_type, id, id, 'name', 1
from rekindle.scenario_notification, generate_series(1, 2) d
where extract(epoch from dispatched_at - '2026-01-01 00:00Z') / 60 not between 101 and 190
  and dispatched_at > '2026-01-01 01:30Z';
insert into rekindle.run (run_id, status, started_at, finished_at, budget_seconds, dispatcher, organisations)
select md5('r' || n)::uuid, 'done', timestamptz '2026-01-01 00:00Z' + n * interval '1 s', rekindle.clock(), 30, 'fcm',
       case when n % 10 = 0 then array['{large}'::uuid] else '{{}}' end
from generate_series(1, {fewer}) n;
insert into rekindle.outcome (claim_id, device_id, user_id, scenario_type, scenario_version, claimed_run_id, run_id,
                              outcome, reason, occurrence, idempotency_key, cooldown_window_start, cooldown_seconds,
                              epoch, attempts, armed_at)
select md5('x' || n)::uuid, md5('d' || n)::uuid, md5('u' || n)::uuid, 'nudge', 1, md5('r' || n)::uuid,
       md5('r' || n)::uuid, case when n % 1000 = 0 then 'unknown' else 'dead' end, 'unregistered', 'once',
       md5('k' || n), rekindle.clock(), 60, 1, 1, rekindle.clock()
from generate_series(1, {fewer}) n;
analyze;
"""
MIDDLE = (START + timedelta(minutes=100), UUID(int=2**127), UUID(int=0))
ASKED: dict[str, Filter] = {
    "the first page": Filter(),
    "a page in the middle": Filter(after=MIDDLE),
    "a person": Filter(user_id=PERSON),
    "a scenario": Filter(scenario_type="nudge2"),
    "a scenario without new records": Filter(scenario_type="retired"),
    "a small organisation": Filter(organisation_id=SMALL),
    "a large organisation": Filter(organisation_id=LARGE, after=MIDDLE),
    "an organisation without new records": Filter(organisation_id=OLD),
    "a limited reader": Filter(sees={SMALL, LARGE, OLD}),
    "a limited reader in the middle": Filter(sees={SMALL, LARGE, OLD}, after=MIDDLE),
    "a time": Filter(since=START + timedelta(minutes=80), until=START + timedelta(minutes=100)),
}


@pytest.fixture
async def filled(database_url: str) -> AsyncIterator[Programme]:
    async with open_programme(database_url) as programme:
        await programme.sql.execute(FILL.format(rows=ROWS, fewer=FEWER, small=SMALL, large=LARGE, old=OLD).encode())
        yield programme


async def plan_of(programme: Programme, name: str, asked: Filter) -> dict[str, Any]:
    parameters = page_of(asked) | {"limit": LIMIT, "sees": asked.sees and list(asked.sees)}
    parameters |= {"run_id": None, "claim_id": None}
    return await _plan(programme, name, parameters)


async def test_a_page_is_read_by_index_and_costs_as_much_as_its_rows(filled: Programme) -> None:
    for what, asked in ASKED.items():
        for name in ("notification_page", "delivery_page"):
            plan = await plan_of(filled, name, asked)
            tables = ("scenario_notification", "delivery")
            found = [scan for table in tables for scan in scans(plan, table)]
            assert not [scan for scan in found if scan["Node Type"] == "Seq Scan"], (name, what)
            # Each organisation is read by itself, and rows of one instant are sorted by id.
            most = (3 if asked.sees else 1) * 5 * LIMIT + 1_000
            assert sum(rows_read(plan, table) for table in tables) <= most, (name, what)
    told = statement("told", membership="membership_absent", latest_activity="latest_activity")
    given = {"organisations": [SMALL, LARGE], "since": START, "limit": LIMIT, "user_id": None}
    explain = "explain (analyze, format json, timing off) " + told
    (row,) = await (await filled.sql.execute(explain.encode(), given)).fetchall()
    found = scans(row["QUERY PLAN"][0], "scenario_notification")
    assert not [scan for scan in found if scan["Node Type"] == "Seq Scan"]
    assert rows_read(row["QUERY PLAN"][0], "scenario_notification") <= 3 * LIMIT
    for what in ("the first page", "a page in the middle", "a limited reader", "a time"):
        plan = await plan_of(filled, "runs", ASKED[what])
        assert not [scan for scan in scans(plan, "run") if scan["Node Type"] == "Seq Scan"], what
        assert rows_read(plan, "run") <= 15 * LIMIT, what
    plan = await plan_of(filled, "unknown", Filter())
    assert rows_read(plan, "outcome") == FEWER / 1_000


OLDER, NEWER = 60_000, 900
RUNS = """
insert into rekindle.run_scenario (run_id, scenario_type, position, evaluated, claimed, recorded, at)
select md5('r' || n % 20000 + 1)::uuid, 'nudge' || n / 20000, 1, 5, 5, 5,
       timestamptz '2026-06-01 00:00Z' + (n - {older}) * interval '2 min'
from generate_series(1, {older} - 1) n;
insert into rekindle.run_scenario (run_id, scenario_type, position, evaluated, not_due, at)
select md5('r' || n)::uuid, 'idle', 1, 5, 5, timestamptz '2026-06-01 00:00Z' + n * interval '1 s'
from generate_series(1, {fewer}) n;
insert into rekindle.run_scenario (run_id, scenario_type, position, evaluated, claimed, recorded, at)
select md5('r' || n)::uuid, 'today', 1, 5, 5, 5, timestamptz '2026-06-01 00:00Z' + n * interval '1 h'
from generate_series(1, {newer}) n;
analyze;
"""


async def test_the_days_of_the_first_page_read_the_runs_and_records_of_those_days_and_no_others(
    filled: Programme,
) -> None:
    await filled.sql.execute(RUNS.format(older=OLDER, newer=NEWER, fewer=FEWER).encode())
    days = [datetime(2026, 6, 1, tzinfo=UTC) + timedelta(days=day) for day in range(31)]
    plan = await _plan(filled, "reached_by_runs", {"days": days})
    assert rows_read(plan, "run_scenario") == 30 * 24 - 1, "not the runs in which nobody was due"

    days = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=day) for day in range(91)]
    own = {"days": days, "organisations": [SMALL, LARGE], "most": 5_000}
    for setting in MADE_EXPENSIVE:
        await filled.sql.execute(f"set {setting} = off".encode())
    plan = await _plan(filled, "reached_by_records", own)
    assert not [scan for scan in scans(plan, "scenario_notification") if scan["Node Type"] == "Seq Scan"]
    assert rows_read(plan, "scenario_notification") <= ROWS / 5_000 + 5_000


async def _plan(programme: Programme, name: str, parameters: dict[str, Any]) -> dict[str, Any]:
    query = "explain (analyze, format json, timing off) " + statement(name)
    (row,) = await (await programme.sql.execute(query.encode(), parameters)).fetchall()
    return row["QUERY PLAN"][0]
