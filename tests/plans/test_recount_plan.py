"""Updating the caps at an ending costs the same in a session that began with few rows as in a
new one."""

from plans.test_claim_plan import nodes
from rekindle.model import Acceptance
from team.programme import open_programme, scenario

LEFT_BEHIND = """
with lost as (
  insert into rekindle.gate (user_id, scenario_type, next_at, inflight)
  select gen_random_uuid(), 'nudge', now(), gen_random_uuid() from generate_series(1, %s)
  returning user_id, inflight
)
insert into rekindle.cap select user_id, jsonb_build_object(inflight, null) from lost
"""


async def test_a_batch_does_not_read_the_notifications_that_earlier_batches_wrote(database_url: str) -> None:
    people, batch = 3_000, 500
    async with open_programme(database_url, connections=1) as programme:
        await programme.people(people)
        await programme.sql.execute("insert into team.activity select user_id, now() from team.person")
        await programme.sql.execute("analyze")  # so that the server knows that there are no notifications yet
        run_id, units = await programme.armed_units(scenario("milestone", at=[1], caps=["3 per 7d"]))
        for first in range(0, people, batch):
            some = [Acceptance(unit, "n") for unit in units[first : first + batch]]
            assert set(await programme.store.record(run_id, some)) == {"recorded"}
        # The session has written what it counted before it answers this.
        async with programme.database.transaction() as connection:
            await connection.execute("select pg_stat_force_next_flush()")
        read = await programme.value(
            "select seq_tup_read from pg_stat_user_tables where relname = 'scenario_notification'"
        )
        # Every notification for each of the later people would be 4,500,000.
        assert read < 10 * people
        assert await programme.value("select count(*) from rekindle.cap where counted::text !~ 'null'") == people


async def test_freeing_many_gates_after_a_few_does_not_compare_each_with_each(database_url: str) -> None:
    many = 40_000
    async with open_programme(database_url, connections=1) as programme:
        for count in (1, many):
            await programme.rows(LEFT_BEHIND, count)
            # 1,600,000,000 comparisons take a minute, which is longer than a statement may take.
            swept = await programme.store.sweep()
            assert swept["gates"] == count
            assert await programme.value("select count(*) from rekindle.cap where counted <> '{}'") == 0


HELD_OUT = """
insert into rekindle.outcome (
  claim_id, device_id, user_id, scenario_type, scenario_version, claimed_run_id, run_id, outcome, reason, occurrence,
  idempotency_key, cooldown_window_start, cooldown_seconds, epoch, attempts)
select gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'nudge', 1, gen_random_uuid(), gen_random_uuid(),
       'held_out', 'trial', 'once', n::text, now(), 60, 1, 1
from generate_series(1, %s) n
"""


async def test_freeing_a_gate_does_not_read_all_who_are_held_out(database_url: str) -> None:
    async with open_programme(database_url) as programme:
        await programme.sql.execute("alter table rekindle.outcome set (autovacuum_enabled = false)")
        await programme.rows(HELD_OUT, 2_000)  # the server does not know yet how different the claims are
        [row] = await programme.rows(
            "explain (analyze, format json, timing off) select push.* "
            "from (select gen_random_uuid() as claim_id from generate_series(1, 100)) freed "
            "cross join lateral rekindle.reached(freed.claim_id) as push (reached)"
        )
    [plan] = row["QUERY PLAN"]
    read = [node for node in nodes(plan["Plan"]) if node.get("Index Name", "").startswith("outcome_")]
    assert [node["Index Name"] for node in read] == ["outcome_pkey"]
    assert all(node["Actual Rows"] == 0 for node in read)
