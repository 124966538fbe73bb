-- In: refused_seconds.
-- Out: swept. Frees the gates in flight whose claim has no live unit any more. They open soon,
-- unless the claim reached somebody or may have. The candidates are fixed before the lock and
-- compared again with the locked version. A plain anti-join under FOR UPDATE checks the new gate
-- again against the old snapshot of the outbox: it freed a live claim (measured).
-- Locks: the gates, in key order, skipping locked ones.
with orphan as materialized (
  select g.user_id, g.scenario_type, g.inflight
  from rekindle.gate g
  where g.inflight is not null
    and not exists (select from rekindle.outbox o where o.claim_id = g.inflight)
),
locked as (
  select g.user_id, g.scenario_type, g.inflight
  from rekindle.gate g
  join orphan c on c.user_id = g.user_id and c.scenario_type = g.scenario_type
    and g.inflight = c.inflight  -- mutant: the-same-claim
  order by g.user_id, g.scenario_type
  for update of g skip locked   -- mutant: lock
),
freed as (
  update rekindle.gate g
  set inflight = null,
      next_at = rekindle.next_at(g.next_at, g.cooldown_seconds, false, before.reached, %(refused_seconds)s)
  from locked l
  left join lateral rekindle.reached(l.inflight) as before (reached) on true
  where g.user_id = l.user_id and g.scenario_type = l.scenario_type
    and g.inflight = l.inflight  -- mutant: the-same-claim
  returning 1
)
select count(*) as swept from freed
