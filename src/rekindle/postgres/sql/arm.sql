-- In: arrays of claim_ids, device_ids, epochs; lease_seconds. Out: (claim_id, device_id, armed) for each unit that is
-- still ours: armed means that its request may leave once this is committed. Not armed: another writer has recorded
-- the claim's idempotency key in the meantime, so the person was reached today; the unit must be finished as skipped.
-- A unit that is not returned at all is somebody else's by now. Locks: the units, in key order.
with wanted as (
  select * from unnest(%(claim_ids)s::uuid[], %(device_ids)s::uuid[], %(epochs)s::bigint[])
    as t (claim_id, device_id, epoch)
),
held as (
  select o.claim_id, o.device_id,
         not exists (select from rekindle.scenario_notification n
                     where n.idempotency_key = o.idempotency_key and n.id <> o.claim_id) as free
  from rekindle.outbox o
  join wanted w on w.claim_id = o.claim_id and w.device_id = o.device_id
  where o.epoch = w.epoch and o.state = 'claimed'
  order by o.claim_id, o.device_id
  for update of o
),
armed as (
  update rekindle.outbox o
  set state = 'dispatching', attempts = o.attempts + 1, armed_at = rekindle.clock(), reason = null,
      lease_until = rekindle.clock() + make_interval(secs => %(lease_seconds)s)
  from held
  where held.free and o.claim_id = held.claim_id and o.device_id = held.device_id
  returning o.claim_id, o.device_id
)
select held.claim_id, held.device_id, held.free as armed from held
