"""How Postgres executes a claim: by index where a table grows with the programme, and once for
everybody."""

from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import pytest

from rekindle.postgres.evaluation import by_place, parts_for
from rekindle.postgres.sql import statement
from rekindle.scenario import AnyScenario
from team.programme import Programme, open_programme, scenario

PEOPLE = 20_000
# Of 256 people, `away` have been away for 20 to 60 days; the others were active `often` in the last
# week. All of them were active long ago.
FILL = """
insert into team.person
  select gen_random_uuid(), gen_random_uuid(), 'Europe/Oslo', 'en', true, 'Ada' from generate_series(1, {people});
insert into team.activity
  select user_id, now() - make_interval(days => 100 + n * 7) from team.person, generate_series(1, 5) n;
insert into team.activity
  select user_id, now() - case when get_byte(uuid_send(user_id), 0) < {away}
    then make_interval(days => 20 + get_byte(uuid_send(user_id), 1) % 40)
    else make_interval(hours => get_byte(uuid_send(user_id), 1) % 160) end
  from team.person, generate_series(1, {often});
insert into team.device select user_id, 'token-' || user_id, 'token', null from team.person;
insert into team.certificate
  select gen_random_uuid(), user_id, 'First aid', current_date + 1 + get_byte(uuid_send(user_id), 2) * 8
  from team.person;
insert into team.event
  select n::text, user_id, 'Shift', now() + make_interval(mins => 30 + n * 3000 + get_byte(uuid_send(user_id), 3) * 20)
  from team.person, generate_series(0, 4) n;
create index on team.event (starts_at);
create index on team.device (user_id);
create index on team.certificate (expires_on);
insert into rekindle.gate (user_id, scenario_type, next_at)
  select user_id, 'nudge', now() - interval '1 day' from team.person;
insert into rekindle.scenario_notification (id, user_id, scenario_type, idempotency_key, occurrence)
  select gen_random_uuid(), user_id, 'nudge', md5(user_id || n::text), 'before ' || n
  from team.person, generate_series(1, 2) n;
insert into rekindle.outcome (claim_id, device_id, user_id, scenario_type, scenario_version, claimed_run_id, run_id,
  outcome, reason, occurrence, idempotency_key, cooldown_window_start, cooldown_seconds, epoch, attempts)
  select gen_random_uuid(), gen_random_uuid(), user_id, 'nudge', 1, user_id, user_id, 'unknown', 'timeout', 'once', '',
    now(), 1, 1, 1 from team.person;
insert into rekindle.spent (user_id, scenario_type, occurrence, evaluated_at, at)
  select user_id, 'nudge', 'pruned', now() - interval '400 days', now() - interval '400 days' from team.person;
insert into rekindle.disabled_token (device_id, user_id, reason, sent_at)
  select gen_random_uuid(), user_id, 'unregistered', now() from team.person;
analyze;
"""
KINDS = {
    "inactivity": scenario("inactivity", after=["14d", "30d"]),
    "milestone": scenario("milestone", at=[10]),
    "expiry": scenario("expiry", before=["30d", "7d", "1d"]),
    "event": scenario("event", before=["24h", "2h"]),
}


@asynccontextmanager
async def filled(url: str, *, people: int, away: int, often: int) -> AsyncGenerator[Programme]:
    async with open_programme(url) as programme:
        await programme.sql.execute(FILL.format(people=people, away=away, often=often).encode())
        yield programme


async def plan_of(
    programme: Programme, one: AnyScenario, name: str = "claim", *, user_id: UUID | None = None
) -> dict[str, Any]:
    """The plan of the executed statement; its changes are rolled back."""
    run_id = await programme.run()
    async with programme.sql.transaction(force_rollback=True):
        moment = await (await programme.sql.execute(statement("moment"))).fetchone()
        parameters = moment | {
            "scenario_type": "nudge",
            "names": ["nudge"],
            "timezone": "UTC",
            "organisations": [],
            "user_id": user_id,
            **by_place(one),
            "run_id": run_id,
            "version": 1,
            "kind": one.kind,
            "priority": one.priority,
            "resend": False,
            "reserved_seconds": 60.0,
        }
        cursor = await programme.sql.execute(
            "explain (analyze, format json, timing off) " + bound(name, one), parameters
        )
        return (await cursor.fetchone())["QUERY PLAN"][0]


def bound(name: str, one: AnyScenario, *, outranking: str = "outranking_absent") -> str:
    """The statement for a scenario, over all of the team's optional views."""
    return statement(name, **parts_for(one), outranking=outranking)


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", []):
        yield from nodes(child)


def scans(plan: dict[str, Any], table: str) -> list[dict[str, Any]]:
    return [node for node in nodes(plan["Plan"]) if node.get("Relation Name") == table and "Scan" in node["Node Type"]]


def assert_no_scan_is_repeated(plan: dict[str, Any]) -> None:
    """Everything that is read whole (a table, or a part of the statement) is read once, and not
    once per person. A subquery that looks up one person by an index is not read whole."""
    for node in nodes(plan["Plan"]):
        by_index = any(below.get("Index Cond") for below in nodes(node) if below["Node Type"].endswith("Index Scan"))
        if node["Node Type"] in ("Seq Scan", "CTE Scan") or (node["Node Type"] == "Subquery Scan" and not by_index):
            assert node["Actual Loops"] <= 1, node


async def test_recipients_are_read_once_and_the_ledger_by_index(database_url: str) -> None:
    async with filled(database_url, people=PEOPLE, away=5, often=1) as programme:
        for kind, one in KINDS.items():
            plan = await plan_of(programme, one)
            assert_no_scan_is_repeated(plan)
            for table in ("gate", "scenario_notification", "outcome", "disabled_token"):
                for scan in scans(plan, table):
                    by_index = "Index" in scan["Node Type"] or scan["Node Type"] == "Bitmap Heap Scan"
                    assert scan["Actual Loops"] <= 1 or by_index, (kind, table)
        plan = await plan_of(programme, KINDS["inactivity"])
        away = await programme.value(
            "select count(*) from team.person p where not exists (select from team.activity a"
            " where a.user_id = p.user_id and a.activity_date > now() - interval '12 days')"
        )
    assert 0 < away < PEOPLE / 20
    anti = [node for node in nodes(plan["Plan"]) if node.get("Join Type") in ("Anti", "Right Anti")]
    assert any("activity" in {scan.get("Relation Name") for scan in nodes(node)} for node in anti)
    # The people who remain after the anti-join are looked up by index, once for the last activity;
    # never everybody.
    lookups = [scan for scan in scans(plan, "activity") if scan["Actual Loops"] > 1]
    assert lookups
    for scan in lookups:
        assert "Index" in scan["Node Type"]
        assert scan["Actual Loops"] <= 2 * away
    for scan in (one for table in ("scenario_notification", "outcome", "spent") for one in scans(plan, table)):
        assert scan["Actual Loops"] * max(1, scan["Actual Rows"]) <= 3 * PEOPLE


@pytest.mark.parametrize("kind", sorted(KINDS))
async def test_far_more_people_due_than_the_server_estimates_are_not_compared_one_by_one(
    database_url: str, kind: str
) -> None:
    # With four activities a week each, the server estimates that almost nobody is away; a quarter
    # of the people are.
    async with filled(database_url, people=4_000, away=60, often=4) as programme:
        plan = await plan_of(programme, KINDS[kind])
        assert_no_scan_is_repeated(plan)
        away = (await programme.value("select count(*) from team.person")) / 6
        if kind == "inactivity":
            claimed = [node for node in nodes(plan["Plan"]) if node.get("Relation Name") == "gate"]
            assert max(node["Actual Rows"] for node in claimed) > away


@pytest.mark.parametrize("kind", sorted(KINDS))
async def test_the_plan_that_is_shown_is_not_slower_than_the_claim(database_url: str, kind: str) -> None:
    async with filled(database_url, people=4_000, away=60, often=4) as programme:
        assert_no_scan_is_repeated(await plan_of(programme, KINDS[kind], "plan"))
