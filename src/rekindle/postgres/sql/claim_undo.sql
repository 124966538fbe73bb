-- In: scenario_type, claim_ids. Out: undone. These claims won the gate and not the cap: their gates
-- are open again, in the transaction that closed them, so that nobody ever saw them closed. Locks:
-- none beyond the claim's.
with undone as (
  update rekindle.gate g set inflight = null, next_at = rekindle.clock()
  where g.scenario_type = %(scenario_type)s and g.inflight = any (%(claim_ids)s::uuid[])
  returning 1
)
select count(*) as undone from undone
