"""The guard reads the claims of a day by index, however long the history is."""

from plans.test_claim_plan import scans
from rekindle.postgres.sql import statement
from team.programme import open_programme

HISTORY = """
insert into rekindle.run (run_id, budget_seconds, dispatcher, started_at)
  select md5('run' || n)::uuid, 30, 'fcm', now() - make_interval(hours => n) from generate_series(1, 2000) n;
insert into rekindle.run_scenario (run_id, scenario_type, position, evaluated, claimed, recorded, at)
  select md5('run' || n)::uuid, 'nudge', 0, 20, 20, 20, now() - make_interval(hours => n)
  from generate_series(1, 2000) n;
insert into rekindle.scenario_notification (id, user_id, scenario_type, idempotency_key)
  select md5('claim' || n)::uuid, md5('p' || n % 9000)::uuid, 'nudge', n::text from generate_series(1, 40000) n;
insert into rekindle.delivery (claim_id, device_id, user_id, scenario_type, claimed_run_id, run_id, provider_name,
  attempts)
  select md5('claim' || n)::uuid, md5('d' || n)::uuid, md5('p' || n % 9000)::uuid, 'nudge', md5('run' || n / 20)::uuid,
         md5('run' || n / 20)::uuid, 'n', 1
  from generate_series(1, 40000) n;
insert into rekindle.outcome (claim_id, device_id, user_id, scenario_type, scenario_version, claimed_run_id, run_id,
  outcome, reason, occurrence, idempotency_key, cooldown_window_start, cooldown_seconds, epoch, attempts, at)
  select md5('claim' || n)::uuid, md5('e' || n)::uuid, md5('p' || n % 9000)::uuid, 'nudge', 1,
    md5('run' || n / 20)::uuid, md5('run' || n / 20)::uuid,
    'unknown', 'timeout', 'once', '', now(), 1, 1, 1, now() - make_interval(mins => n)
  from generate_series(1, 40000) n;
analyze;
"""


async def test_the_guard_reads_a_day_by_index(database_url: str) -> None:
    async with open_programme(database_url) as programme:
        await programme.sql.execute(HISTORY.encode())
        parameters = {"scenario_type": "nudge", "names": ["nudge"], "run_id": await programme.run()}
        parameters["since"] = await programme.value("select now() - interval '24 hours'")
        text = "explain (analyze, format json, timing off) " + statement("guard_people")
        plan = (await (await programme.sql.execute(text, parameters)).fetchone())["QUERY PLAN"][0]
    for table in ("run_scenario", "delivery", "outcome"):
        read = [scan for scan in scans(plan, table) if scan["Node Type"] == "Seq Scan"]
        assert not read, table
        rows = sum(scan["Actual Loops"] * scan["Actual Rows"] for scan in scans(plan, table))
        assert 20 <= rows <= 3_000, (table, rows)
