-- In: organisations (null: all rows); scenario_type, user_id, since, until (null: any); after_at
-- and after_id, the key of the last row of the page before (null: the first page); limit.
-- Out: recorded notifications, newest first: one page.
-- Each organisation is read by its index from its newest row down, and the pages are merged. A
-- condition `organisation_id = any (…)` would read and sort every row of the organisations.
-- Locks: none.
select page.*
from unnest(coalesce(%(organisations)s::uuid[], array[null]::uuid[])) as own (organisation_id)
cross join lateral (
  select n.id as claim_id, n.user_id, n.organisation_id, n.scenario_type, n.scenario_version, n.occurrence,
         coalesce(n.other_occurrences, '{}') as other_occurrences, n.run_id,
         n.cooldown_window_start as claimed_at, n.dispatched_at, n.idempotency_key
  from rekindle.scenario_notification n
  where {notification_asked}
    and (%(after_at)s::timestamptz is null or (n.dispatched_at, n.id) < (%(after_at)s, %(after_id)s::uuid))
  order by n.dispatched_at desc, n.id desc
  limit %(limit)s
) page
order by page.dispatched_at desc, page.claim_id desc
limit %(limit)s
