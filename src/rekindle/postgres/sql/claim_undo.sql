-- In: scenario_type, claim_ids. Out: undone. These won the gate and not the cap: the gate is open again, in the transaction
-- that shut it, so that nobody ever saw it shut. Locks: none that the claim has not.
with undone as (
  update rekindle.gate g set inflight = null, next_at = rekindle.clock()
  where g.scenario_type = %(scenario_type)s and g.inflight = any (%(claim_ids)s::uuid[])
  returning 1
)
select count(*) as undone from undone
