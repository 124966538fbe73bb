-- In: nothing.
-- Out: swept. Units past their relevance deadline that are not being sent. They end dead, or
-- unknown if an earlier attempt may have been accepted (then the cooldown counts from now).
-- sweep_gates.sql frees their gates.
-- Locks: units, skipping locked ones, then gates, in key order.
with over as (
  select claim_id, device_id from rekindle.outbox
  where state in ('claimed', 'retry') and give_up_at <= rekindle.clock()
    and (owner is null or lease_until < rekindle.clock())
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
    g.unit,
    case when (g.unit).uncertain then 'unknown' else 'dead' end,  -- mutant: uncertain-ends-dead
    'stale', (g.unit).run_id, g.at
  ) ending
  returning 1
),
person as (
  select (g.unit).user_id, (g.unit).scenario_type, max((g.unit).cooldown_seconds) as cooldown_seconds
  from gone g
  where (g.unit).uncertain
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
  set next_at = rekindle.next_at(g.next_at, l.cooldown_seconds, true)  -- mutant: clock
  from locked l
  where g.user_id = l.user_id and g.scenario_type = l.scenario_type
)
select count(*) as swept from closed
