-- In: arrays of claim_ids, device_ids, epochs, reasons, delays (seconds), for requests that were certainly refused or
-- never left. Out: retried. dispatching -> retry; any run may lease it once its time has come. Locks: units, in order.
with refused as (
  select * from unnest(%(claim_ids)s::uuid[], %(device_ids)s::uuid[], %(epochs)s::bigint[],
                       %(reasons)s::text[], %(delays)s::float8[])
    as t (claim_id, device_id, epoch, reason, delay)
),
held as (
  select o.claim_id, o.device_id, r.reason, r.delay
  from rekindle.outbox o
  join refused r on r.claim_id = o.claim_id and r.device_id = o.device_id
  where o.epoch = r.epoch and o.state = 'dispatching'
  order by o.claim_id, o.device_id
  for update of o
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
