-- In: arrays of claim_ids, device_ids, epochs; user_ids; lease_seconds.
-- Out: (claim_id, device_id, verdict) for each unit that this run still owns. 'armed': its request
-- may be sent once this statement is committed. 'quiet_hours': the person is in quiet hours, on a
-- day that is not allowed or past the hour of send_at, and the unit waits until that ends, or until
-- it is stale. 'held_out': it would be armed now, and a trial holds the person out; it must be
-- finished as that. Any other verdict is the reason to finish the unit as skipped: another writer
-- has recorded the claim's idempotency key, an operator has switched the scenario off, the person
-- has left, opted out or lost the device since the claim, or is no longer due. A unit that another
-- run took over is not returned.
-- Locks: the units, in key order.
-- Each unit is looked up separately, because Postgres cannot turn a lateral subquery that locks
-- into a join. A hash join would read the whole outbox for every batch and take its locks in no
-- order.
-- The caller binds {preference} to the part of that name, or to its `_absent` twin. It also says
-- which kinds look at the team's views again: they return (claim_id, device_id, reason) for each
-- unit that became void since the claim.
with preference as (
  {preference}
),
renamed as materialized (
  select * from rekindle.renamed()
),
-- These are materialized so that they are read once per batch, although each unit looks at
-- them below.
switched_off as materialized (
  select latest.scenario_type, latest.organisation_id
  from (
    select distinct on (scenario.identity, s.organisation_id) scenario.identity as scenario_type,
                       s.organisation_id, s.turned
    from rekindle.switch s
    left join renamed on renamed.name = s.scenario_type
    cross join lateral (select coalesce(renamed.identity, s.scenario_type) as identity) scenario  -- mutant: switched-by-name
    order by scenario.identity, s.organisation_id, s.switch_id desc
  ) latest
  where latest.turned = 'off'
),
opted_out as materialized (
  select preference.user_id, coalesce(renamed.identity, preference.scenario_type) as scenario_type  -- mutant: opted-out-by-name
  from preference
  left join renamed on renamed.name = preference.scenario_type
  where preference.user_id = any (%(user_ids)s::uuid[])
),
present as materialized (
  select distinct r.user_id from rekindle_source.recipient r
  where r.active and r.user_id = any (%(user_ids)s::uuid[])
),
-- Materialized to fix the order in which the units are locked.
given as materialized (
  select * from unnest(%(claim_ids)s::uuid[], %(device_ids)s::uuid[], %(epochs)s::bigint[])
    as t (claim_id, device_id, epoch)
  order by claim_id, device_id  -- mutant: order-of-units
),
unit as materialized (
  select locked.*, rekindle.clock() as at   -- read once the unit is locked
  from given
  cross join lateral (
    select o.claim_id, o.device_id, o.user_id, o.scenario_type, o.scenario_version, o.organisation_id,
           o.idempotency_key, o.timezone,
           o.quiet_from, o.quiet_until, o.weekdays, o.send_from, o.send_until, o.kind, o.occurrence,
           o.other_occurrences, o.variables, o.inactive_since_on, o.target, o.held_out
    from rekindle.outbox o
    where o.claim_id = given.claim_id and o.device_id = given.device_id and o.state = 'claimed'
      and o.epoch = given.epoch  -- mutant: arm-by-epoch
    for update   -- mutant: lock
  ) locked
),
no_longer_due as materialized (
  {kinds/*/no_longer_due}
),
-- The registrations of these people, and those of anybody for their tokens: each is looked up by
-- its index. The claim has compared all tokens without their blanks; here a token with blanks is
-- found only among the people's own.
registration as (
  select d.user_id, rekindle.trimmed(d.token::text) as target,
         rekindle.registered_at(d.last_registered_at) as registered_at
  from rekindle_source.device_token d
  where d.user_id = any (%(user_ids)s::uuid[])
  union all
  select d.user_id, rekindle.trimmed(d.token::text), rekindle.registered_at(d.last_registered_at)
  from (select distinct unit.target from unit) target
  join rekindle_source.device_token d on d.token = target.target
),
owner as materialized (
  select distinct on (registration.target) registration.target, registration.user_id
  from registration order by registration.target, {newest_first}
),
last_look as (
  select unit.*,
         case
           when recorded.elsewhere then 'already_recorded'  -- mutant: recorded-elsewhere
           when exists (select from switched_off
                        where (switched_off.scenario_type is null
                               or switched_off.scenario_type = coalesce(renamed.identity, unit.scenario_type))
                          and (switched_off.organisation_id is null
                               or switched_off.organisation_id = unit.organisation_id)) then 'switched_off'
           when not exists (select from present where present.user_id = unit.user_id) then 'not_active'
           when exists (select from opted_out where opted_out.user_id = unit.user_id
                        and (opted_out.scenario_type is null
                             or opted_out.scenario_type = coalesce(renamed.identity, unit.scenario_type)))
             then 'opted_out'  -- mutant: opted-out-since
           when not exists (select from owner where owner.target = unit.target and owner.user_id = unit.user_id)
             then 'token_gone'  -- mutant: token-gone
           when void.reason is not null then void.reason  -- mutant: no-longer-due
           when not rekindle.is_weekday(unit.at, unit.timezone, unit.weekdays)
             or rekindle.is_quiet(unit.at, unit.timezone, unit.quiet_from, unit.quiet_until)
             or not rekindle.is_send_hour(unit.at, unit.timezone, unit.send_from, unit.send_until)  -- mutant: send-hour-by-now
             then 'quiet_hours'  -- mutant: quiet-hours-by-now
           when unit.held_out then 'held_out'  -- mutant: held-out-is-never-armed
           else 'armed'
         end as verdict
  from unit
  left join lateral (
    select true as elsewhere from rekindle.scenario_notification n
    where n.idempotency_key = unit.idempotency_key and n.id <> unit.claim_id
    limit 1
  ) recorded on true
  left join renamed on renamed.name = unit.scenario_type
  left join no_longer_due void on void.claim_id = unit.claim_id and void.device_id = unit.device_id
),
armed as (
  update rekindle.outbox o
  set state = 'dispatching',  -- mutant: arming-changes-the-state
      attempts = o.attempts + 1, armed_at = rekindle.clock(), reason = null,
      lease_until = rekindle.clock() + make_interval(secs => %(lease_seconds)s)
  from last_look
  where last_look.verdict = 'armed' and o.claim_id = last_look.claim_id and o.device_id = last_look.device_id
),
waiting as (
  update rekindle.outbox o
  set state = 'retry', owner = null, lease_until = null, reason = 'quiet_hours',
      next_try_at = coalesce(
        rekindle.opens_at(last_look.at, o.timezone, o.quiet_from, o.quiet_until, o.weekdays, o.send_from, o.send_until),
        o.give_up_at)
  from last_look
  where last_look.verdict = 'quiet_hours' and o.claim_id = last_look.claim_id and o.device_id = last_look.device_id
)
select last_look.claim_id, last_look.device_id, last_look.verdict from last_look
