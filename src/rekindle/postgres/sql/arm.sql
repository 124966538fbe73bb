-- In: arrays of claim_ids, device_ids, epochs; user_ids; lease_seconds. Out: (claim_id, device_id, verdict) for each unit that
-- is still ours: 'armed', its request may leave once this is committed; 'quiet_hours', it is night or the wrong day for the
-- person by now, and the unit waits until that is over (or is stale by then); any other word is why it must be finished as
-- skipped: another writer has recorded the claim's idempotency key, or it was switched off, or the person has left, opted out,
-- or become active since the claim. A unit that is not returned at all is somebody else's by now. Locks: the units, in key order.
-- Each unit is looked up on its own (a lateral subquery that locks cannot be folded into a join): a hash join would
-- read the whole outbox for every batch, and takes its locks in no order. {preference}, {activity} and {switched_off} are parts.
with preference as (
{preference}
),
switched_off as materialized (
{switched_off}
),
opted_out as materialized (
  select p.user_id, p.scenario_type from preference p where p.user_id = any (%(user_ids)s::uuid[])
),
present as materialized (
  select distinct r.user_id from rekindle_source.recipient r
  where r.active and r.user_id = any (%(user_ids)s::uuid[])
),
wanted as materialized (
  select * from unnest(%(claim_ids)s::uuid[], %(device_ids)s::uuid[], %(epochs)s::bigint[])
    as t (claim_id, device_id, epoch)
  order by claim_id, device_id
),
unit as materialized (
  select held.*, rekindle.clock() as at   -- read once the unit is locked
  from wanted w
  cross join lateral (
    select o.claim_id, o.device_id, o.user_id, o.scenario_type, o.organisation_id, o.idempotency_key, o.timezone, o.quiet_from,
           o.quiet_until, o.weekdays, o.inactive_since_on
    from rekindle.outbox o
    where o.claim_id = w.claim_id and o.device_id = w.device_id and o.epoch = w.epoch and o.state = 'claimed'
    for update   -- mutant: lock
  ) held
),
judged as materialized (
  select u.*,
         case
           when recorded.elsewhere then 'already_recorded'
           when exists (select from switched_off s
                        where (s.scenario_type is null or s.scenario_type = u.scenario_type)
                          and (s.organisation_id is null or s.organisation_id = u.organisation_id)) then 'switched_off'
           when not exists (select from present p where p.user_id = u.user_id) then 'not_active'
           when exists (select from opted_out p where p.user_id = u.user_id
                        and (p.scenario_type is null or p.scenario_type = u.scenario_type)) then 'opted_out'
           when acted.again then 'active_again'
           when not rekindle.is_weekday(u.at, u.timezone, u.weekdays)
             or rekindle.is_quiet(u.at, u.timezone, u.quiet_from, u.quiet_until) then 'quiet_hours'
           else 'armed'
         end as verdict
  from unit u
  left join lateral (
    select true as elsewhere from rekindle.scenario_notification n
    where n.idempotency_key = u.idempotency_key and n.id <> u.claim_id
    limit 1
  ) recorded on true
  left join lateral (
{activity}
    limit 1
  ) acted on true
),
armed as (
  update rekindle.outbox o
  set state = 'dispatching', attempts = o.attempts + 1, armed_at = rekindle.clock(), reason = null,
      lease_until = rekindle.clock() + make_interval(secs => %(lease_seconds)s)
  from judged
  where judged.verdict = 'armed' and o.claim_id = judged.claim_id and o.device_id = judged.device_id
),
waiting as (
  update rekindle.outbox o
  set state = 'retry', owner = null, lease_until = null, reason = 'quiet_hours',
      next_try_at = coalesce(
        rekindle.opens_at(judged.at, o.timezone, o.quiet_from, o.quiet_until, o.weekdays), o.give_up_at)
  from judged
  where judged.verdict = 'quiet_hours' and o.claim_id = judged.claim_id and o.device_id = judged.device_id
)
select judged.claim_id, judged.device_id, judged.verdict from judged
