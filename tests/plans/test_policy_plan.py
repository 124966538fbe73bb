"""How Postgres executes a claim under every policy at once, with 100,000 recipients: once for
all of them, by index."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from plans.test_claim_plan import assert_no_scan_is_repeated, bound, nodes, scans
from rekindle.postgres.evaluation import by_place
from rekindle.postgres.own_query import NOT_LOOKED_AT
from rekindle.postgres.sql import statement
from rekindle.scenario import AnyScenario
from team.programme import SHOW_AMOUNTS, Programme, open_programme, scenario

PEOPLE = 100_000
CHAPTERS = 2_000
AT = "2026-05-06 12:00:00+00"
# One in 25 has been away for some weeks; every third has opted out of something, and no index helps
# to find who.
FILL = f"""
drop index team.activity_user_id_activity_date_idx;
insert into team.organisation select md5('o' || n)::uuid, 'Europe/Paris' from generate_series(0, 49) n;
insert into team.chapter
  select md5('c' || n)::uuid, (array['Europe/Oslo', 'Europe/Rome', 'CEST', null])[1 + n % 4]
  from generate_series(1, {CHAPTERS}) n;
insert into team.person
  select md5('p' || n)::uuid, md5('o' || n % 50)::uuid,
         (array['Europe/Oslo', 'Africa/Lagos', 'Europe/Osl0', null])[1 + n % 4], 'en', true, 'Ada',
         md5('c' || n % {CHAPTERS})::uuid
  from generate_series(1, {PEOPLE}) n;
insert into team.activity
  select user_id, timestamptz '{AT}' - case when n % 25 = 0 then interval '20 days' else interval '2 days' end
  from (select user_id, row_number() over () as n from team.person) p;
insert into team.device select user_id, 'token-' || user_id, 'token', null from team.person;
insert into team.preference
  select user_id, (array['nudge', 'first', null])[1 + n / 3 % 3], n % 2 = 0
  from (select user_id, row_number() over () as n from team.person) p where n % 3 = 0;
insert into rekindle.gate (user_id, scenario_type, next_at)
  select user_id, 'nudge', timestamptz '{AT}' - interval '1 day' from team.person;
insert into rekindle.cap
  select user_id, jsonb_build_object(user_id, extract(epoch from timestamptz '{AT}') - 3 * 86400) from team.person;
insert into rekindle.scenario_notification (id, user_id, scenario_type, idempotency_key, occurrence)
  select user_id, user_id, 'nudge', user_id::text, 'before' from team.person;
insert into rekindle.outcome (claim_id, device_id, user_id, scenario_type, scenario_version, claimed_run_id, run_id,
  outcome, reason, occurrence, idempotency_key, cooldown_window_start, cooldown_seconds, epoch, attempts)
  select user_id, user_id, user_id, 'nudge', 1, user_id, user_id, 'unknown', 'timeout', 'once', '', now(), 1, 1, 1
  from team.person;
insert into rekindle.spent select user_id, 'nudge', 'pruned', now(), now() from team.person;
insert into rekindle.disabled_token (device_id, user_id, reason, sent_at)
  select user_id, user_id, 'unregistered', now() from team.person;
create index on team.person (user_id);
create index on team.activity (user_id, activity_date);
create index on team.device (user_id);
analyze;
"""
POLICY = {
    "quiet_hours": "21:00-08:00",
    "weekdays": ["mon", "tue", "wed", "thu", "fri"],
    "caps": ["1 per 1d", "3 per 7d"],
}
OWN = scenario("inactivity", after=["14d", "30d"], **POLICY)
FIRST = scenario("inactivity", after=["19d"], priority=90, **POLICY)


@pytest.fixture
async def programme(database_url: str) -> AsyncIterator[Programme]:
    async with open_programme(database_url) as programme:
        await programme.sql.execute(FILL.encode())
        await programme.at(AT)
        yield programme


async def explained(programme: Programme, text: str, parameters: dict[str, Any]) -> dict[str, Any]:
    query = "explain (analyze, format json, timing off) " + text
    return (await (await programme.sql.execute(query, parameters)).fetchone())["QUERY PLAN"][0]


async def parameters_of(programme: Programme, one: AnyScenario, scenario_type: str) -> dict[str, Any]:
    moment = await (await programme.sql.execute(statement("moment"))).fetchone()
    return moment | {
        "scenario_type": scenario_type,
        "names": [scenario_type],
        "timezone": "UTC",
        "organisations": [],
        "user_id": None,
        **by_place(one),
        "run_id": await programme.run(),
        "version": 1,
        "kind": one.kind,
        "priority": one.priority,
        "resend": False,
        "reserved_seconds": 60.0,
        "by_occurrence": False,
    }


async def test_every_policy_at_once_repeats_nothing_for_each_person_and_keeps_the_indexes(programme: Programme) -> None:
    calls = "select coalesce(pg_stat_get_xact_function_calls('rekindle.is_zone'::regproc), 0)"
    async with programme.sql.transaction(force_rollback=True):
        await programme.sql.execute("set local track_functions = 'pl'")
        await programme.sql.execute(statement("outranking_create"))
        staging = await explained(
            programme, bound("stage_outranking", FIRST), await parameters_of(programme, FIRST, "first")
        )
        asked = await programme.value(calls)
        claim = await explained(
            programme,
            bound("claim", OWN, outranking="outranking"),
            await parameters_of(programme, OWN, "nudge"),
        )
        assert 0 < asked <= 20, "each name of a zone is looked up once"
        assert await programme.value(calls) == 2 * asked
        outranking = await programme.value("select count(*) from pg_temp.rekindle_outranking")
        claimed = await programme.value("select count(*) from rekindle.outbox")
        units = await programme.rows("select claim_id, device_id, epoch, user_id from rekindle.outbox limit 500")
        keys = {f"{name}s": [unit[name] for unit in units] for name in ("claim_id", "device_id", "epoch", "user_id")}
        await programme.sql.execute(SHOW_AMOUNTS)
        arm = await explained(programme, statement("arm"), keys | {"lease_seconds": 60.0, **NOT_LOOKED_AT})
    # People that the outranking scenario would claim have no place for a second push today. People
    # who opted out of it have one.
    due = PEOPLE / 25
    assert due * 0.8 < outranking < due * 0.95
    assert due * 0.04 < claimed < due * 0.08
    for plan in (staging, claim):
        assert_no_scan_is_repeated(plan)
        for table in ("gate", "cap", "scenario_notification", "outcome", "spent", "disabled_token", "device"):
            for scan in scans(plan, table):
                assert scan["Actual Loops"] <= 1 or "Index" in scan["Node Type"], (table, scan)
        # The anti-join removes the people who were active recently, and nothing else is looked up
        # for them.
        for table in ("gate", "cap", "device"):
            for scan in scans(plan, table):
                assert scan["Actual Loops"] == 1 or scan["Actual Loops"] <= due, (table, scan)
    assert all(node["Actual Loops"] <= 1 for node in nodes(arm["Plan"]) if node["Node Type"] == "Seq Scan")
    for table in ("outbox", "person", "activity", "scenario_notification"):
        for scan in scans(arm, table):
            assert scan["Node Type"] != "Seq Scan", (table, scan)
    assert [node for node in nodes(arm["Plan"]) if node.get("Relation Name") == "outbox"]
