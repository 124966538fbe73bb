-- In: nothing.
-- Out: run_id, request_key, attempt, status, halted_by and due_at of the runs of ticks that failed
-- within the last hour and that nobody was told about, at most 20, oldest first. From now on they
-- count as told, so that one of all workers tells. An attempt that ends like an earlier one of its
-- tick counts as told with it.
-- Locks: those runs, in key order, skipping those that another worker is about to tell.
with failed as (
  select run_id
  from rekindle.run
  where due_at is not null and told_at is null and status in ('halted', 'not_started', 'abandoned')   -- mutant: told-once
    and finished_at > rekindle.clock() - interval '1 hour'
  order by run_id
  limit 20
  for update skip locked
),
told as (
  update rekindle.run r set told_at = rekindle.clock()
  from failed where r.run_id = failed.run_id
  returning r.run_id, r.request_key, r.attempt, r.status, r.halted_by, r.due_at
)
select told.*
from told
where not exists (
  select from rekindle.run earlier
  where earlier.request_key = told.request_key and earlier.attempt < told.attempt and earlier.status = told.status
)
order by due_at, request_key, attempt
