-- In: run_id (null: all); sees, the organisations that the reader is limited to (null: all);
-- scenario_type and organisation_id, which the run names in its selection, since, until (null:
-- any); after_at and after_id, the key of the last row of the page before (null: the first page);
-- limit.
-- Out: one row per run and scenario, newest run first, scenarios in the order in which they were
-- claimed. `numbers` is the row of run_scenario as an object; null for a run without scenarios. A
-- scenario that the run could not evaluate has no row, unless the run carried claims of it.
select r.run_id, r.status, r.started_at, r.finished_at, r.budget_seconds::float8 as budget_seconds, r.dispatcher,
       r.halted_by, r.abandoned_at, case when r.due_at is not null then r.request_key end as tick, r.attempt,
       r.reached, r.organisations, r.started_by, r.held, to_jsonb(s) as numbers
from (
  select r.* from rekindle.run r
  where (%(run_id)s::uuid is null or r.run_id = %(run_id)s::uuid)
    and {run_visible}
    and (%(scenario_type)s::text is null or %(scenario_type)s = any (r.scenario_types))
    and (%(organisation_id)s::uuid is null or %(organisation_id)s = any (r.organisations))
    and (%(since)s::timestamptz is null or r.started_at >= %(since)s)
    and (%(until)s::timestamptz is null or r.started_at < %(until)s)
    and (%(after_at)s::timestamptz is null or (r.started_at, r.run_id) < (%(after_at)s, %(after_id)s::uuid))
  order by r.started_at desc, r.run_id desc
  limit %(limit)s
) r
left join rekindle.run_scenario s on s.run_id = r.run_id and (s.fault is null or s.carried > 0)
order by r.started_at desc, r.run_id desc, s.position, s.scenario_type
