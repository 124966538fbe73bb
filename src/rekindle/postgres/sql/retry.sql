-- In: arrays of claim_ids, device_ids, epochs, reasons, delays (seconds), for requests that the
-- provider certainly rejected or that were never sent.
-- Out: retried, the number of units. They change from dispatching to retry. Any run may lease them
-- once the delay has passed.
-- Locks: units, in key order.
with refused as materialized (
  select * from unnest(%(claim_ids)s::uuid[], %(device_ids)s::uuid[], %(epochs)s::bigint[],
                       %(reasons)s::text[], %(delays)s::float8[])
    as t (claim_id, device_id, epoch, reason, delay)
  order by claim_id, device_id  -- mutant: order-of-units
),
held as materialized (
  select unit.claim_id, unit.device_id, r.reason, r.delay
  from refused r
  cross join lateral (   -- as in arm.sql
    select o.claim_id, o.device_id from rekindle.outbox o
    where o.claim_id = r.claim_id and o.device_id = r.device_id and o.state = 'dispatching'
      and o.epoch = r.epoch  -- mutant: epoch
    for update   -- mutant: lock
  ) unit
),
waiting as (
  update rekindle.outbox o
  set state = 'retry', owner = null, lease_until = null, reason = held.reason,
      next_try_at = rekindle.clock() + make_interval(secs => held.delay)
  from held
  where o.claim_id = held.claim_id and o.device_id = held.device_id
  returning 1
)
select count(*) as retried from waiting
