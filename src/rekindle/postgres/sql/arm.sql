-- In: arrays of claim_ids, device_ids, epochs; lease_seconds. Out: (claim_id, device_id, armed) for each unit that is
-- still ours: armed means that its request may leave once this is committed. Not armed: another writer has recorded
-- the claim's idempotency key in the meantime, so the person was reached today; the unit must be finished as skipped.
-- A unit that is not returned at all is somebody else's by now. Locks: the units, in key order.
-- Each unit is looked up on its own (a lateral subquery that locks cannot be folded into a join): a hash join would
-- read the whole outbox for every batch, and takes its locks in no order.
with wanted as materialized (
  select * from unnest(%(claim_ids)s::uuid[], %(device_ids)s::uuid[], %(epochs)s::bigint[])
    as t (claim_id, device_id, epoch)
  order by claim_id, device_id
),
held as materialized (
  select unit.claim_id, unit.device_id, recorded.elsewhere is null as free
  from wanted w
  cross join lateral (
    select o.claim_id, o.device_id, o.idempotency_key from rekindle.outbox o
    where o.claim_id = w.claim_id and o.device_id = w.device_id and o.epoch = w.epoch and o.state = 'claimed'
    for update
  ) unit
  left join lateral (
    select true as elsewhere from rekindle.scenario_notification n
    where n.idempotency_key = unit.idempotency_key and n.id <> unit.claim_id
    limit 1
  ) recorded on true
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
