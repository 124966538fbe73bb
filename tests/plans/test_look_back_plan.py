"""How Postgres reads what a look back and a report need: no more rows than they are about, however
much there was before."""

import json
from typing import Any, LiteralString

from plans.test_small_plans import rows_read
from rekindle.postgres.own_outcome import STANDS_FOR_IT
from rekindle.postgres.own_query import in_place_of
from rekindle.postgres.sql import statement
from team.programme import SHOW_OPENED, SHOW_OPENED_BY_PERSON, open_programme

ROWS, LATEST, RECENT = 20_000, 100, 20
# One record per hour, each of a person. Everything but the last `LATEST` is looked back at.
FILL: LiteralString = """
insert into team.person
  select md5('p' || n)::uuid, gen_random_uuid(), 'Europe/Oslo', 'en', true, 'Ada' from generate_series(1, {rows}) n;
insert into team.activity
  select md5('p' || n)::uuid, now() - make_interval(hours => n + 24 * d - 48)
  from generate_series(1, {rows}) n, generate_series(1, 3) d;
insert into rekindle.scenario (scenario_type, version, definition, fingerprint)
  values ('nudge', 1, '{{"kind": "sql", "outcome": {{"horizon": 86400}}}}', repeat('0', 64));
insert into rekindle.scenario_notification (
    id, user_id, scenario_type, dispatched_at, idempotency_key, run_id, occurrence)
  select md5('n' || n)::uuid, md5('p' || n)::uuid, 'nudge', now() - make_interval(hours => n), n::text,
         md5('r' || n)::uuid, 'once'
  from generate_series(1, {rows}) n;
insert into rekindle.delivery (
    claim_id, device_id, user_id, scenario_type, claimed_run_id, run_id, provider_name, attempts)
  select id, id, user_id, scenario_type, run_id, run_id, 'n', 1 from rekindle.scenario_notification;
insert into rekindle.came_back (claim_id, scenario_type, dispatched_at, horizon_seconds, opted_out)
  select id, scenario_type, dispatched_at, 86400, false from rekindle.scenario_notification
  where dispatched_at < now() - make_interval(hours => {latest});
insert into rekindle.outcome (
    claim_id, device_id, user_id, scenario_type, scenario_version, claimed_run_id, run_id, outcome, reason, occurrence,
    idempotency_key, cooldown_window_start, cooldown_seconds, epoch, attempts, armed_at, at)
  select id, id, user_id, scenario_type, 1, run_id, run_id, 'dead', 'unregistered', occurrence, idempotency_key, now(),
         60, 1, 1, dispatched_at, dispatched_at
  from rekindle.scenario_notification;
insert into rekindle.disabled_token (device_id, user_id, reason, sent_at)
  select device_id, user_id, 'unregistered', armed_at from rekindle.outcome;
insert into rekindle.run (run_id, status, started_at, finished_at, budget_seconds, dispatcher)
  select run_id, 'done', dispatched_at, dispatched_at, 1, 'log' from rekindle.scenario_notification;
insert into rekindle.run_scenario (run_id, scenario_type, position, at, evaluated, refused, refusals)
  select run_id, 'nudge' || n, n, dispatched_at, 1, 1, '{{"cooldown": 1}}'
  from rekindle.scenario_notification, generate_series(1, 2) n;
create table team.opened (claim_id uuid primary key, user_id uuid, scenario_type text, opened_at timestamptz);
create index on team.opened (opened_at);
insert into team.opened select id, user_id, scenario_type, dispatched_at + interval '1 s'
  from rekindle.scenario_notification;
analyze;
"""


async def test_a_look_back_and_a_report_read_what_they_are_about_and_not_what_was_before(database_url: str) -> None:
    async with open_programme(database_url) as programme:
        await programme.sql.execute(FILL.format(rows=ROWS, latest=LATEST).encode())

        async def plan_of(text: str, **parameters: Any) -> tuple[dict[str, Any], Any]:
            async with programme.sql.transaction(force_rollback=True):
                explain = f"explain (analyze, format json, timing off) {text}"
                (row,) = await (await programme.sql.execute(explain.encode(), parameters)).fetchall()
            async with programme.sql.transaction(force_rollback=True):
                result = await (await programme.sql.execute(text.encode(), parameters)).fetchall()
            return row["QUERY PLAN"][0], result

        def reads(plan: dict[str, Any], **most: int) -> None:
            read = {table: rows_read(plan, table) for table in most}
            assert {table for table in most if not 0 < read[table] <= most[table]} == set(), (read, json.dumps(plan))

        since = await programme.value(f"select now() - interval '{RECENT} hours 5 minutes'")
        over = LATEST - 48  # a horizon of one day, and one more
        plan, (row,) = await plan_of(statement("look_back"), limit=1_000, timezone=None, outcome="activity")
        assert over <= row["looked_back"] <= over + 1
        reads(plan, scenario_notification=LATEST, came_back=LATEST, activity=6 * LATEST, person=ROWS)  # once

        # A query of the team is asked about the same people, and its table is read by the index.
        query = "select user_id, activity_date as happened_at from team.activity"
        await programme.sql.execute(
            "update rekindle.scenario "
            "set definition = jsonb_set(definition, '{outcome,query}', to_jsonb(%s::text))", [query]
        )  # fmt: skip
        asked = in_place_of(STANDS_FOR_IT, query, statement("outcome_asked", back="back_own"))
        plan, rows = await plan_of(asked, limit=LATEST, timezone=None, outcome=query)
        assert over <= len(rows) <= over + 1
        assert sum(one["at"] is not None for one in rows) == len(rows)
        reads(plan, scenario_notification=LATEST, came_back=LATEST, activity=6 * LATEST, person=ROWS)

        tables = ("scenario_notification", "delivery", "outcome", "disabled_token")
        for part, view in (
            ("opened_absent", ""),
            ("opened", SHOW_OPENED),
            ("opened_by_person", f"drop view rekindle_source.opened; {SHOW_OPENED_BY_PERSON}"),
        ):
            if view:
                await programme.sql.execute(view.encode())
            plan, (row,) = await plan_of(statement("summary", opened=part), since=since, sees=None)
            assert (row["reached"], row["pushes"], row["dead_tokens"]) == (RECENT, RECENT, RECENT)
            assert row["opened"] == (RECENT if view else 0)
            reads(plan, **dict.fromkeys(tables, 3 * RECENT), **({"opened": 3 * RECENT} if view else {}))

        plan, rows = await plan_of(statement("summary_refusals"), since=since)
        assert [(one["scenario_type"], one["people"]) for one in rows] == [("nudge1", RECENT), ("nudge2", RECENT)]
        reads(plan, run_scenario=3 * RECENT)
