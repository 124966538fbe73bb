-- In: arrays of claim_ids, device_ids, epochs, reasons, for requests that may have been accepted; hold_seconds.
-- Out: held. dispatching -> unknown, for good: from here a unit can only end recorded or unknown. Locks: units.
with doubtful as materialized (
  select * from unnest(%(claim_ids)s::uuid[], %(device_ids)s::uuid[], %(epochs)s::bigint[], %(reasons)s::text[])
    as t (claim_id, device_id, epoch, reason)
  order by claim_id, device_id
),
mine as materialized (
  select unit.claim_id, unit.device_id, d.reason
  from doubtful d
  cross join lateral (   -- as in arm.sql
    select o.claim_id, o.device_id from rekindle.outbox o
    where o.claim_id = d.claim_id and o.device_id = d.device_id and o.epoch = d.epoch and o.state = 'dispatching'
    for update
  ) unit
),
held as (
  update rekindle.outbox o
  set state = 'unknown', uncertain = true, reason = mine.reason,
      lease_until = rekindle.clock() + make_interval(secs => %(hold_seconds)s)
  from mine
  where o.claim_id = mine.claim_id and o.device_id = mine.device_id
  returning 1
)
select count(*) as held from held
