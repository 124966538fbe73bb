"""How Postgres finds what a prune deletes: by index, however much there is that stays."""

import json
from typing import Any, LiteralString

import pytest

from plans.test_claim_plan import scans
from rekindle.postgres.sql import statement
from team.programme import open_programme

PEOPLE = 5_000
FILLED: LiteralString = """
insert into rekindle.scenario_notification (
    id, user_id, scenario_type, dispatched_at, idempotency_key, run_id, occurrence)
  select md5('n' || n)::uuid, md5('p' || n % 1000)::uuid, 'nudge', now() - make_interval(hours => n), n::text,
         md5('r' || n)::uuid, 'own:' || n
  from generate_series(1, {people}) n;
insert into rekindle.delivery (
    claim_id, device_id, user_id, scenario_type, claimed_run_id, run_id, provider_name, attempts)
  select id, id, user_id, scenario_type, run_id, run_id, 'n', 1 from rekindle.scenario_notification;
insert into rekindle.outcome (
    claim_id, device_id, user_id, scenario_type, scenario_version, claimed_run_id, run_id, outcome, reason, occurrence,
    idempotency_key, cooldown_window_start, cooldown_seconds, epoch, attempts, at)
  select id, id, user_id, scenario_type, 1, run_id, run_id, 'unknown', 'timeout', occurrence, idempotency_key, now(),
         60, 1, 1, dispatched_at
  from rekindle.scenario_notification;
insert into rekindle.run (run_id, status, started_at, finished_at, budget_seconds, dispatcher)
  select run_id, 'done', dispatched_at, dispatched_at, 1, 'log' from rekindle.scenario_notification;
insert into rekindle.audit (at, actor, action)
  select dispatched_at, 'x', 'run.started' from rekindle.scenario_notification;
insert into rekindle.gate (user_id, scenario_type, next_at)
  select md5('p' || n)::uuid, 'nudge', now() from generate_series(1, {people}) n;
insert into rekindle.spent
  select md5('p' || n)::uuid, 'nudge', 'own:0', now(), now() - make_interval(hours => n)
  from generate_series(1, {people}) n;
insert into rekindle.scenario (scenario_type, version, definition, fingerprint)
  values ('nudge', 1, '{{"kind": "sql"}}', repeat('0', 64));
analyze;
"""


@pytest.mark.parametrize(
    ("name", "table"),
    [
        ("notification", "scenario_notification"),
        ("outcome", "outcome"),
        ("run", "run"),
        ("gate", "gate"),
        ("spent", "spent"),
    ],
)
async def test_a_batch_of_what_grows_reads_no_table_as_a_whole(database_url: str, name: str, table: str) -> None:
    async with open_programme(database_url) as programme:
        await programme.sql.execute(FILLED.format(people=PEOPLE).encode())
        hours = (PEOPLE - 50) * 3_600
        parameters: dict[str, Any] = {
            f"{key}_seconds": hours for key in ("notification", "outcome", "run", "gate", "audit", "spent")
        }
        parameters |= {"limit": 20, "after": None, "lasting_kinds": ["milestone"]}
        text = f"explain (analyze, format json) {statement(f'prune_{name}')}"
        rows = await (await programme.sql.execute(text.encode(), parameters)).fetchall()
        plan = rows[0]["QUERY PLAN"][0]
        read = {
            each: sum(
                scan["Actual Loops"] * (scan["Actual Rows"] + scan.get("Rows Removed by Filter", 0))
                for scan in scans(plan, each)
            )
            for each in ("scenario_notification", "delivery", "outcome", "run", "audit", "gate", "spent")
        }
        assert read[table] >= 20, json.dumps(plan)
        assert max(read.values()) < 500, (read, json.dumps(plan))
