-- In: arrays of scenario_types, crons, timezones and skipped (earlier instants that are not caught
-- up); at, the instant; run_id, budget_seconds, dispatcher.
-- Out: key, the key of the run that was begun, and scenario_types, its scenarios; no row if other
-- workers have begun this instant for all of them, or their schedules have changed.
-- The mark of each schedule moves in the statement that begins the run: it begins an instant at
-- most once, however many workers try, and also when the run's row was deleted long ago.
-- Locks: the schedules, in key order.
with due as (
  select * from unnest(%(scenario_types)s::text[], %(crons)s::text[], %(timezones)s::text[], %(skipped)s::bigint[])
    as t (scenario_type, cron, timezone, skipped)
),
locked as (
  select s.scenario_type, due.skipped
  from rekindle.schedule s
  join due using (scenario_type, cron, timezone)
  where s.last_at < %(at)s::timestamptz   -- mutant: high-water-mark
  order by s.scenario_type
  for update of s
),
moved as (
  update rekindle.schedule s
  set last_at = %(at)s, skipped = s.skipped + locked.skipped
  from locked where s.scenario_type = locked.scenario_type
  returning s.scenario_type
),
tick as (
  select array_agg(scenario_type order by scenario_type) as scenario_types,
         'tick:' || string_agg(scenario_type, '+' order by scenario_type) || ':'
           || to_char(%(at)s::timestamptz at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI"Z"') as key
  from moved having count(*) > 0
),
begun as (
  insert into rekindle.run (run_id, budget_seconds, dispatcher, request_key, request_sha256, due_at, scenario_types)
  select %(run_id)s, %(budget_seconds)s, %(dispatcher)s, key, encode(sha256(convert_to(key, 'UTF8')), 'hex'), %(at)s,
         scenario_types
  from tick
  on conflict do nothing
  returning request_key
)
select tick.key, tick.scenario_types from tick join begun on begun.request_key = tick.key
