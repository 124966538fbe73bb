-- In: run_id; arrays of claim_ids, device_ids, epochs, names, for requests that the provider
-- accepted.
-- Out: (claim_id, device_id, verdict). 'recorded'. 'conflict': another writer of this table has the
-- idempotency key; the unit is kept as unknown, since the push was sent. 'stale': this run does not
-- own the unit any more. A write is fenced by the epoch. Recording the same acceptance again
-- changes nothing and returns 'recorded'. A unit that the sweep gave up as unknown becomes recorded
-- here, even if it was closed: the answer was late, not lost. The cooldown counts from now. Counted
-- from the claim or from arming it was too short (measured).
-- Locks: units, then notifications, then occurrences, then gates, each in key order.
with acceptance as materialized (
  select * from unnest(%(claim_ids)s::uuid[], %(device_ids)s::uuid[], %(epochs)s::bigint[], %(names)s::text[])
    as t (claim_id, device_id, epoch, provider_name)
  order by claim_id, device_id  -- mutant: order-of-units
),
live as materialized (
  select unit.claim_id, unit.device_id, a.provider_name
  from acceptance a
  cross join lateral (   -- as in arm.sql
    select o.claim_id, o.device_id from rekindle.outbox o
    where o.claim_id = a.claim_id and o.device_id = a.device_id
      and o.epoch = a.epoch  -- mutant: epoch
      and (o.state = 'dispatching'
           or o.state = 'unknown'  -- mutant: late-answer-held
           or o.state = 'retry' and o.uncertain  -- mutant: late-answer-resend
      )
    for update   -- mutant: lock-units
  ) unit
),
closed as materialized (
  select ending.claim_id, ending.device_id, a.provider_name
  from acceptance a
  cross join lateral (
    select x.claim_id, x.device_id from rekindle.outcome x
    where x.claim_id = a.claim_id and x.device_id = a.device_id
      and x.epoch = a.epoch  -- mutant: epoch-of-a-closed-unit
      and x.outcome = 'unknown' and x.reason <> 'record_conflict'  -- mutant: late-answer-closed
    for update   -- mutant: lock-outcomes
  ) ending
),
left_outbox as (
  delete from rekindle.outbox o using live
  where o.claim_id = live.claim_id and o.device_id = live.device_id
  returning o as unit, live.provider_name, o.state = 'unknown' as was_unknown, rekindle.clock() as at
),
left_outcome as (
  delete from rekindle.outcome x using closed
  where x.claim_id = closed.claim_id and x.device_id = closed.device_id
  returning x.*, closed.provider_name
),
-- Every acceptance in the form of an outcome.
unit as materialized (
  select ending.*, l.provider_name, l.was_unknown
  from left_outbox l
  cross join lateral rekindle.ended(l.unit, 'unknown', 'record_conflict', %(run_id)s, l.at) ending
  union all
  select l.*, true from left_outcome l
),
-- The update changes nothing. It tells a second device of the same claim from another writer's row,
-- even if that row is being inserted at this moment.
notification as (
  insert into rekindle.scenario_notification as n (
    id, user_id, scenario_type, dispatched_at, idempotency_key, scenario_version, organisation_id, run_id, occurrence,
    other_occurrences, cooldown_window_start)
  select distinct on (u.claim_id)
         u.claim_id, u.user_id, u.scenario_type, rekindle.clock(), u.idempotency_key, u.scenario_version,
         u.organisation_id, %(run_id)s::uuid, u.occurrence, u.other_occurrences, u.cooldown_window_start
  from unit u
  order by u.claim_id
  on conflict (idempotency_key) do update set run_id = n.run_id where n.id = excluded.id
  returning n.id
),
-- The further occurrences of a digest are spent with its record.
digested as (
  insert into rekindle.spent as s (user_id, scenario_type, occurrence, evaluated_at, at)
  select u.user_id, u.scenario_type, other.occurrence, max(u.cooldown_window_start), rekindle.clock()
  from unit u
  cross join lateral unnest(u.other_occurrences) as other (occurrence)
  where u.claim_id in (select id from notification)  -- mutant: digest-is-spent
  group by u.user_id, u.scenario_type, other.occurrence
  order by u.user_id, u.scenario_type, other.occurrence
  on conflict (user_id, scenario_type, occurrence) do nothing
),
delivered as (
  insert into rekindle.delivery (claim_id, device_id, user_id, scenario_type, claimed_run_id, run_id, provider_name,
                                 accepted_at, attempts, was_unknown)
  select u.claim_id, u.device_id, u.user_id, u.scenario_type, u.claimed_run_id, %(run_id)s, u.provider_name,
         rekindle.clock(), u.attempts, u.was_unknown
  from unit u
  where u.claim_id in (select id from notification)
  returning claim_id, device_id
),
conflicting as (
  insert into rekindle.outcome
  select ending.*
  from unit u
  cross join lateral jsonb_populate_record(   -- there is rarely a row
    null::rekindle.outcome,
    to_jsonb(u) || jsonb_build_object('reason', 'record_conflict', 'run_id', %(run_id)s::uuid, 'at', rekindle.clock())
  ) ending
  where u.claim_id not in (select id from notification)
  returning claim_id, device_id
),
-- One row per person, for the newest claim: only that claim can have the gate. Claim ids follow the
-- order of claiming.
person as (
  select distinct on (c.user_id, c.scenario_type) c.user_id, c.scenario_type, c.claim_id, c.units,
         max(c.cooldown_seconds) over (partition by c.user_id, c.scenario_type) as cooldown_seconds
  from (
    select u.user_id, u.scenario_type, u.claim_id, max(u.cooldown_seconds) as cooldown_seconds,
           count(l.claim_id) as units
    from unit u
    left join live l on l.claim_id = u.claim_id and l.device_id = u.device_id
    group by u.user_id, u.scenario_type, u.claim_id
  ) c
  order by c.user_id, c.scenario_type, c.claim_id desc
),
locked as materialized (
  select p.*
  from (
    select * from person
    order by user_id, scenario_type  -- mutant: order-of-gates
  ) p
  cross join lateral (
    select from rekindle.gate g
    where g.user_id = p.user_id and g.scenario_type = p.scenario_type
    for update   -- mutant: lock-gates
  ) gate
),
-- The gate is freed with the claim's last unit. If two workers record two devices of one claim at
-- the same moment, each still counts the other's unit. The sweep then frees the gate.
gated as (
  update rekindle.gate g
  set next_at = rekindle.next_at(g.next_at, l.cooldown_seconds, true),  -- mutant: cooldown-from-now, clock
      inflight = case
        when g.inflight = l.claim_id
          and (select count(*) from rekindle.outbox o where o.claim_id = l.claim_id) <= l.units  -- mutant: last-unit
        then null else g.inflight end
  from locked l
  where g.user_id = l.user_id and g.scenario_type = l.scenario_type
    -- These conditions are always true. They lower the planner's estimate of the rows, so that it
    -- looks up each gate. Without them it reads the whole table for every batch, up to about 75,000
    -- gates.
    and l.cooldown_seconds > 0 and l.units >= 0
)
select a.claim_id, a.device_id,
       case when d.claim_id is not null or already.recorded then 'recorded'
            when c.claim_id is not null then 'conflict'
            else 'stale' end as verdict
from acceptance a
left join delivered d on d.claim_id = a.claim_id and d.device_id = a.device_id
left join conflicting c on c.claim_id = a.claim_id and c.device_id = a.device_id
left join lateral (
  select true as recorded from rekindle.delivery x
  where x.claim_id = a.claim_id and x.device_id = a.device_id
  limit 1
) already on true
