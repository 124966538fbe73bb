-- In: scenario_type, claim_ids.
-- Out: undone, the number of gates that are open again. These claims won the gate but not the cap.
-- Their gates open in the transaction that closed them, so no other transaction sees them closed.
-- Locks: none beyond the claim's.
with undone as (
  update rekindle.gate g set inflight = null, next_at = rekindle.clock()
  where g.scenario_type = %(scenario_type)s and g.inflight = any (%(claim_ids)s::uuid[])
  returning 1
)
select count(*) as undone from undone
