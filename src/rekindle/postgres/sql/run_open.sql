-- In: run_id, budget_seconds, dispatcher, request_key and request_sha256 (null: the request had no
-- key); scenario_types and organisations (empty: all), the selection; started_by (null: the login
-- of this session).
-- Out: nothing; it writes one row with status running, or none if a run with this id exists, or the
-- last attempt of this key is running or has ended. An attempt that is abandoned or could not start
-- is followed by the next one. If several callers use one key, exactly one of them writes the row.
-- Nobody has started the next attempt of a tick.
insert into rekindle.run (
  run_id, budget_seconds, dispatcher, request_key, request_sha256, attempt, due_at,
  scenario_types, organisations, started_by)
select %(run_id)s, %(budget_seconds)s, %(dispatcher)s, %(request_key)s, %(request_sha256)s,
       coalesce(last.attempt, 0) + 1,
       last.due_at, %(scenario_types)s::text[], %(organisations)s::uuid[],
       case when last.due_at is null then rekindle.signature(%(started_by)s) end
from (select) one
left join lateral (
  select attempt, status, due_at from rekindle.run where request_key = %(request_key)s order by attempt desc limit 1
) last on true
where last.status is null or last.status in ('abandoned', 'not_started')
on conflict do nothing
