-- In: nothing.
-- Out: swept. Unknown units whose hold has expired leave the outbox with outcome unknown. The push
-- may have been accepted at any time up to now, so the cooldown counts from now. sweep_gates.sql
-- frees their gates.
-- Locks: units, skipping locked ones, then gates, in key order.
with over as (
  select claim_id, device_id from rekindle.outbox
  where state = 'unknown' and lease_until < rekindle.clock()
  order by claim_id, device_id
  for update skip locked   -- mutant: lock-units
),
gone as (
  delete from rekindle.outbox o using over
  where o.claim_id = over.claim_id and o.device_id = over.device_id
  returning o as unit, rekindle.clock() as at   -- a column: see rekindle.ended
),
closed as (
  insert into rekindle.outcome
  select ending.*
  from gone g
  cross join lateral rekindle.ended(
    g.unit, 'unknown', coalesce((g.unit).reason, 'no_answer'), (g.unit).run_id, g.at
  ) ending
  returning 1
),
person as (
  select (g.unit).user_id, (g.unit).scenario_type, max((g.unit).cooldown_seconds) as cooldown_seconds
  from gone g
  group by 1, 2
),
locked as (
  select g.user_id, g.scenario_type, p.cooldown_seconds
  from rekindle.gate g join person p on p.user_id = g.user_id and p.scenario_type = g.scenario_type
  order by g.user_id, g.scenario_type  -- mutant: order-of-gates
  for update of g   -- mutant: lock-gates
),
gated as (
  update rekindle.gate g
  set next_at = rekindle.next_at(g.next_at, l.cooldown_seconds, true)  -- mutant: cooldown-from-now, clock
  from locked l
  where g.user_id = l.user_id and g.scenario_type = l.scenario_type
)
select count(*) as swept from closed
