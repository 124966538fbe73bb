-- In: run_id; arrays of claim_ids, device_ids, epochs, outcomes ('skipped' or 'dead'), reasons, prunes (the provider
-- has proven the token dead); refused_seconds. Out: finished. The unit leaves the outbox with its reason; a unit that
-- may once have been accepted ends unknown whatever was asked. With the claim's last unit its gate is freed, and
-- opens again soon unless one of its devices was or may have been reached. Locks: units, then gates, in key order.
with ended as materialized (
  select * from unnest(%(claim_ids)s::uuid[], %(device_ids)s::uuid[], %(epochs)s::bigint[],
                       %(outcomes)s::text[], %(reasons)s::text[], %(prunes)s::boolean[])
    as t (claim_id, device_id, epoch, outcome, reason, prune)
  order by claim_id, device_id
),
mine as materialized (
  select unit.claim_id, unit.device_id, e.outcome, e.reason, e.prune
  from ended e
  cross join lateral (   -- as in arm.sql
    select o.claim_id, o.device_id from rekindle.outbox o
    where o.claim_id = e.claim_id and o.device_id = e.device_id and o.epoch = e.epoch
      and o.state in ('claimed', 'dispatching')
    for update   -- mutant: lock-units
  ) unit
),
unit as (
  delete from rekindle.outbox o using mine
  where o.claim_id = mine.claim_id and o.device_id = mine.device_id
  returning o.*, mine.outcome, mine.reason as why, mine.prune
),
closed as (
  insert into rekindle.outcome (
    claim_id, device_id, user_id, scenario_type, scenario_version, organisation_id, claimed_run_id, run_id, outcome,
    reason, occurrence, idempotency_key, cooldown_window_start, cooldown_seconds, epoch, attempts, armed_at, at)
  select u.claim_id, u.device_id, u.user_id, u.scenario_type, u.scenario_version, u.organisation_id, u.claimed_run_id,
         %(run_id)s, case when u.uncertain then 'unknown' else u.outcome end, u.why, u.occurrence, u.idempotency_key,
         u.cooldown_window_start, u.cooldown_seconds, u.epoch, u.attempts, u.armed_at, rekindle.clock()
  from unit u
  returning claim_id, device_id, outcome
),
pruned as (
  insert into rekindle.disabled_token as t (device_id, reason, sent_at)
  select distinct on (u.device_id) u.device_id, u.why, u.armed_at
  from unit u where u.prune and u.armed_at is not null
  order by u.device_id, u.armed_at desc
  on conflict (device_id) do update
    set reason = excluded.reason, sent_at = excluded.sent_at, disabled_at = rekindle.clock()
    where t.sent_at < excluded.sent_at
),
person as (
  select u.user_id, u.scenario_type, u.claim_id, max(u.cooldown_seconds) as cooldown_seconds,
         bool_or(u.uncertain) as uncertain, count(*) as units
  from unit u group by u.user_id, u.scenario_type, u.claim_id
),
locked as materialized (
  select p.*
  from (select * from person order by user_id, scenario_type) p
  cross join lateral (
    select from rekindle.gate g
    where g.user_id = p.user_id and g.scenario_type = p.scenario_type and g.inflight = p.claim_id
    for update   -- mutant: lock-gates
  ) gate
),
gated as (
  update rekindle.gate g
  set inflight = null,
      next_at = case
        when l.uncertain then greatest(g.next_at, rekindle.clock() + make_interval(secs => l.cooldown_seconds))
        when exists (select from rekindle.scenario_notification n where n.id = l.claim_id)
          or exists (select from rekindle.outcome x where x.claim_id = l.claim_id and x.outcome = 'unknown')
          then g.next_at
        else least(g.next_at, rekindle.clock() + make_interval(secs => least(l.cooldown_seconds, %(refused_seconds)s)))
        end
  from locked l
  where g.user_id = l.user_id and g.scenario_type = l.scenario_type
    -- On the locked version, and never while another of its units lives. The last two are always true: see record.sql.
    and g.inflight = l.claim_id
    and (select count(*) from rekindle.outbox o where o.claim_id = l.claim_id) <= l.units
    and l.cooldown_seconds > 0 and l.units >= 0
)
select count(*) as finished from closed
