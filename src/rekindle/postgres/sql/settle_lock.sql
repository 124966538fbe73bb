-- In: claim_id.
-- Out: nothing of use. Locks the unknown units of the claim, then the person's gate. A record under
-- way can then no longer change the rows that settle_not_sent.sql reads next, in the same
-- transaction. One statement for both would decide by a snapshot from before its wait for the gate.
-- It then opened a gate whose cooldown had just begun.
-- Locks: units, outcomes, then the gate.
with held as materialized (
  select o.user_id, o.scenario_type from rekindle.outbox o
  where o.claim_id = %(claim_id)s and o.state = 'unknown'
  order by o.device_id
  for update   -- mutant: lock-units
),
closed as materialized (
  select x.user_id, x.scenario_type from rekindle.outcome x
  where x.claim_id = %(claim_id)s and x.outcome = 'unknown'
  order by x.device_id
  for update   -- mutant: lock-outcomes
)
select gate.user_id
from (select * from held union select * from closed) person
cross join lateral (   -- as in record.sql
  select g.user_id from rekindle.gate g
  where g.user_id = person.user_id and g.scenario_type = person.scenario_type
  for update   -- mutant: lock-gates
) gate
