-- In: run_id; arrays of claim_ids, device_ids, epochs, outcomes ('skipped', 'dead' or 'held_out'),
-- reasons, prunes (true: the provider has proven the token dead); refused_seconds.
-- Out: finished, the number of units. Each unit leaves the outbox with its reason. A unit that may
-- have been accepted before ends unknown, whatever outcome is given. The gate is freed with the
-- claim's last unit. It opens again soon, unless the push reached one of the claim's devices or may
-- have, or a trial has held the person out, which counts as a push. Each earlier claim of the same
-- occurrence that ended dead doubles the wait, up to the cooldown: a message that the provider
-- never takes is not tried every hour for ever.
-- Locks: units, then gates, in key order.
with ended as materialized (
  select * from unnest(%(claim_ids)s::uuid[], %(device_ids)s::uuid[], %(epochs)s::bigint[],
                       %(outcomes)s::text[], %(reasons)s::text[], %(prunes)s::boolean[])
    as t (claim_id, device_id, epoch, outcome, reason, prune)
  order by claim_id, device_id  -- mutant: order-of-units
),
mine as materialized (
  select unit.claim_id, unit.device_id, e.outcome, e.reason, e.prune
  from ended e
  cross join lateral (   -- as in arm.sql
    select o.claim_id, o.device_id from rekindle.outbox o
    where o.claim_id = e.claim_id and o.device_id = e.device_id
      and o.epoch = e.epoch  -- mutant: epoch
      and o.state in ('claimed', 'dispatching')
    for update   -- mutant: lock-units
  ) unit
),
-- `at` is a column so that rekindle.ended is inlined (see its comment).
gone as (
  delete from rekindle.outbox o using mine
  where o.claim_id = mine.claim_id and o.device_id = mine.device_id
  returning o as unit, mine.outcome, mine.reason, mine.prune, rekindle.clock() as at
),
closed as (
  insert into rekindle.outcome
  select ending.*
  from gone g
  cross join lateral rekindle.ended(
    g.unit,
    case when (g.unit).uncertain then 'unknown' else g.outcome end,  -- mutant: uncertain-ends-dead
    g.reason, %(run_id)s, g.at
  ) ending
  returning 1
),
pruned as (
  insert into rekindle.disabled_token as t (device_id, user_id, reason, sent_at)
  select distinct on ((g.unit).device_id) (g.unit).device_id, (g.unit).user_id, g.reason, (g.unit).armed_at
  from gone g
  where g.prune
    and (g.unit).armed_at is not null  -- mutant: never-sent-disables
  order by (g.unit).device_id, (g.unit).armed_at desc
  on conflict (device_id) do update
    set user_id = excluded.user_id, reason = excluded.reason, sent_at = excluded.sent_at, disabled_at = rekindle.clock()
    where t.sent_at < excluded.sent_at
),
person as (
  select (g.unit).user_id, (g.unit).scenario_type, (g.unit).claim_id,
         max((g.unit).cooldown_seconds) as cooldown_seconds,
         bool_or((g.unit).uncertain or g.outcome = 'held_out') as counts,  -- mutant: held-out-cools-down
         max((g.unit).occurrence) as occurrence, count(*) as units
  from gone g
  group by 1, 2, 3
),
locked as materialized (
  select p.*, before.reached, dead.claims as dead_before
  from (
    select * from person
    order by user_id, scenario_type  -- mutant: order-of-gates
  ) p
  cross join lateral (
    select from rekindle.gate g
    where g.user_id = p.user_id and g.scenario_type = p.scenario_type and g.inflight = p.claim_id
    for update   -- mutant: lock-gates
  ) gate
  left join lateral rekindle.reached(p.claim_id) as before (reached) on true
  cross join lateral (
    select count(distinct o.claim_id) as claims
    from rekindle.outcome o
    where o.user_id = p.user_id and o.scenario_type = p.scenario_type and o.occurrence = p.occurrence
      and o.outcome = 'dead' and o.reason <> 'settled_not_sent' and o.claim_id <> p.claim_id
  ) dead
),
gated as (
  update rekindle.gate g
  set inflight = null,
      next_at = rekindle.next_at(
        g.next_at, l.cooldown_seconds,
        l.counts,  -- mutant: uncertain-opens-soon
        l.reached,
        %(refused_seconds)s * 2 ^ least(l.dead_before, 20))  -- mutant: refused-for-good
  from locked l
  where g.user_id = l.user_id and g.scenario_type = l.scenario_type
    -- Checked on the locked version, and false while another unit of the claim is live. The last
    -- two conditions are always true: see record.sql.
    and g.inflight = l.claim_id
    and (select count(*) from rekindle.outbox o where o.claim_id = l.claim_id) <= l.units  -- mutant: last-unit
    and l.cooldown_seconds > 0 and l.units >= 0
)
select count(*) as finished from closed
