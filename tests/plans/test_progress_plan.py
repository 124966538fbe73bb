"""A look at a run under way reads what that run wrote, however long the history and the queue
are."""

from plans.test_claim_plan import scans
from plans.test_guard_plan import HISTORY
from plans.test_small_plans import rows_read
from rekindle.postgres.sql import statement
from team.programme import open_programme

WAITING = """
insert into rekindle.outbox (
  claim_id, device_id, user_id, scenario_type, scenario_version, kind, claimed_run_id, run_id, idempotency_key,
  cooldown_window_start, cooldown_seconds, occurrence, priority, turn, target_kind, target, variables, variant,
  next_try_at, give_up_at, claimed_at, state)
select md5('w' || n)::uuid, md5('w' || n)::uuid, md5('w' || n)::uuid, 'nudge', 1, 'sql', md5('run7')::uuid,
  md5('run7')::uuid, '', now(), 1, 'once', 0, n, 'token', 't', '{}', 0, now(), now(), now(),
  case when n <= 20 then 'unknown' else 'claimed' end
from generate_series(1, 20000) n;
analyze;
"""


async def test_a_look_at_a_run_reads_only_its_own_rows(database_url: str) -> None:
    async with open_programme(database_url) as programme:
        await programme.sql.execute(HISTORY.encode())
        await programme.sql.execute(WAITING.encode())
        run_id = await programme.value("select md5('run7')::uuid")
        text = "explain (analyze, format json, timing off) " + statement("run_progress")
        cursor = await programme.sql.execute(text, {"run_id": run_id, "lost_seconds": 30})
        row = await cursor.fetchone()
        assert row is not None
        plan = row["QUERY PLAN"][0]
        assert plan["Plan"]["Actual Rows"] == 1
        for table, most in (("delivery", 20), ("outcome", 20), ("outbox", 20), ("run_scenario", 1), ("run", 1)):
            assert not [scan for scan in scans(plan, table) if scan["Node Type"] == "Seq Scan"], table
            assert 1 <= rows_read(plan, table) <= most, table
