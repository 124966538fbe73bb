-- In: run_id.
-- Out: released, the number of units that this run had leased and not armed. The next run may lease
-- them at once.
-- Locks: the units, in key order.
with held as (
  select claim_id, device_id from rekindle.outbox
  where owner = %(run_id)s and state = 'claimed'
  order by claim_id, device_id
  for update   -- mutant: lock
),
freed as (
  update rekindle.outbox o set owner = null, lease_until = null
  from held where o.claim_id = held.claim_id and o.device_id = held.device_id
  returning 1
)
select count(*) as released from freed
