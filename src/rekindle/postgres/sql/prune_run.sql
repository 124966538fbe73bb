-- In: run_seconds; limit; after (null: from the oldest), what the batch before returned.
-- Out: deleted, the number of rows per table; after, where the next batch begins (null: nothing is
-- left). One batch of runs, the oldest first, leaves with the numbers of its scenarios (by the
-- foreign key). The keys of these runs are free again.
-- Locks: the runs, skipping locked ones.
with old as materialized (
  select r.run_id, r.started_at
  from rekindle.run r
  where r.started_at >= coalesce((%(after)s::jsonb ->> 'at')::timestamptz, '-infinity')
    and {prunable/run}
  order by r.started_at
  limit %(limit)s
  for update of r skip locked
),
scenario as (
  select count(*) as rows from old join rekindle.run_scenario s on s.run_id = old.run_id
),
gone as (
  delete from rekindle.run r using old where r.run_id = old.run_id returning r.started_at as at
)
select jsonb_build_object('run', count(*), 'run_scenario', (select rows from scenario)) as deleted,
       case when count(*) = %(limit)s then jsonb_build_object('at', max(gone.at)) end as after
from gone
