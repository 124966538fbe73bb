-- Out: swept. Past its relevance deadline and not being sent: dead, or unknown where an earlier attempt may have been
-- accepted (then the cooldown counts from now). Its gate is freed by sweep_gates.sql.
with over as (
  select claim_id, device_id from rekindle.outbox
  where state in ('claimed', 'retry') and give_up_at <= rekindle.clock()
    and (owner is null or lease_until < rekindle.clock())
  order by claim_id, device_id
  for update skip locked   -- mutant: lock-units
),
unit as (
  delete from rekindle.outbox o using over
  where o.claim_id = over.claim_id and o.device_id = over.device_id
  returning o.*
),
closed as (
  insert into rekindle.outcome (
    claim_id, device_id, user_id, scenario_type, scenario_version, organisation_id, claimed_run_id, run_id, outcome,
    reason, occurrence, idempotency_key, cooldown_window_start, cooldown_seconds, epoch, attempts, armed_at, at)
  select u.claim_id, u.device_id, u.user_id, u.scenario_type, u.scenario_version, u.organisation_id, u.claimed_run_id,
         u.run_id, case when u.uncertain then 'unknown' else 'dead' end, 'stale', u.occurrence, u.idempotency_key,
         u.cooldown_window_start, u.cooldown_seconds, u.epoch, u.attempts, u.armed_at, rekindle.clock()
  from unit u
  returning 1
),
person as (
  select u.user_id, u.scenario_type, max(u.cooldown_seconds) as cooldown_seconds
  from unit u where u.uncertain group by u.user_id, u.scenario_type
),
locked as (
  select g.user_id, g.scenario_type, p.cooldown_seconds
  from rekindle.gate g join person p on p.user_id = g.user_id and p.scenario_type = g.scenario_type
  order by g.user_id, g.scenario_type
  for update of g   -- mutant: lock-gates
),
gated as (
  update rekindle.gate g
  set next_at = greatest(g.next_at, rekindle.clock() + make_interval(secs => l.cooldown_seconds))
  from locked l
  where g.user_id = l.user_id and g.scenario_type = l.scenario_type
)
select count(*) as swept from closed
