-- In: arrays of claim_ids, device_ids, epochs, reasons, for requests that may have been accepted; hold_seconds.
-- Out: held. dispatching -> unknown, for good: from here a unit can only end recorded or unknown. Locks: units.
with doubtful as (
  select * from unnest(%(claim_ids)s::uuid[], %(device_ids)s::uuid[], %(epochs)s::bigint[], %(reasons)s::text[])
    as t (claim_id, device_id, epoch, reason)
),
mine as (
  select o.claim_id, o.device_id, d.reason
  from rekindle.outbox o
  join doubtful d on d.claim_id = o.claim_id and d.device_id = o.device_id
  where o.epoch = d.epoch and o.state = 'dispatching'
  order by o.claim_id, o.device_id
  for update of o
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
