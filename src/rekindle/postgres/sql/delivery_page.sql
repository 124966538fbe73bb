-- In: as notification_page.sql, and after_device.
-- Out: the devices that accepted, in the order of their notifications: one page. A device that
-- accepted later than the first one of its claim is next to it.
-- The order is that of the notifications, so their indexes serve this list too. A delivery needs no
-- index of its organisation or time.
-- Locks: none.
select page.*
from unnest(coalesce(%(organisations)s::uuid[], array[null]::uuid[])) as own (organisation_id)
cross join lateral (
  select d.claim_id, d.device_id, d.user_id, n.organisation_id, d.scenario_type, d.run_id, d.provider_name,
         n.dispatched_at, d.accepted_at, d.attempts, d.was_unknown
  from rekindle.scenario_notification n
  -- The offset keeps this a lookup by claim. Otherwise the planner may read all deliveries.
  cross join lateral (
    select * from rekindle.delivery where delivery.claim_id = n.id offset 0
  ) d
  where {notification_asked}
    and (%(after_at)s::timestamptz is null or (n.dispatched_at, n.id) <= (%(after_at)s, %(after_id)s::uuid))
    and (%(after_at)s::timestamptz is null
         or (n.dispatched_at, n.id, d.device_id) < (%(after_at)s, %(after_id)s::uuid, %(after_device)s::uuid))
  order by n.dispatched_at desc, n.id desc, d.device_id desc
  limit %(limit)s
) page
order by page.dispatched_at desc, page.claim_id desc, page.device_id desc
limit %(limit)s
