-- In: as claim.sql, for a tick in the past; `counted`, whether the tick is within the time that is
-- asked about. It is executed in a READ ONLY transaction, with temporary tables in place of those
-- of the ledger.
-- Out: (what, name, people, devices, registered). For `verdict`, one row per verdict, as of
-- claim.sql, with the number of people; of those who are claimed also the number of devices, and of
-- people who had registered one by then. For `collision`, one row per other scenario whose pushes
-- had filled a frequency cap, with the number of people refused.
-- Every claim counts as sent a second after the tick, because a run sends after its claim.
-- Locks: none.
-- Never: a write to a table that is not temporary.
{verdicts},
reach as (
  select owned_device.user_id, count(device.device_id) as devices,
         bool_or(owned_device.registered_at <= %(at)s::timestamptz) as registered
  from owned_device
  -- FULL JOIN only to rule out a nested loop. It acts as a left join: every device is owned.
  full join device on device.user_id = owned_device.user_id and device.device_id = owned_device.device_id
  group by owned_device.user_id
),
claimed as materialized (
  select verdict.*, rekindle.new_claim_id() as claim_id,
         %(at)s::timestamptz + interval '1 second' as sent_at  -- mutant: sent-after-the-tick
  from verdict
  where verdict.refusal is null
),
notification as (
  insert into rekindle.scenario_notification (
    id, user_id, scenario_type, dispatched_at, idempotency_key, organisation_id, occurrence, other_occurrences,
    cooldown_window_start)
  select claimed.claim_id, claimed.user_id, %(scenario_type)s, claimed.sent_at,
         {key_of_claim},
         claimed.organisation_id, claimed.occurrence, claimed.other_occurrences, %(at)s::timestamptz
  from claimed
),
digested as (
  insert into rekindle.spent (user_id, scenario_type, occurrence, evaluated_at, at)
  select distinct claimed.user_id, %(scenario_type)s, other.occurrence, %(at)s::timestamptz, claimed.sent_at
  from claimed
  cross join lateral unnest(claimed.other_occurrences) as other (occurrence)
  on conflict (user_id, scenario_type, occurrence) do nothing
),
replayed as (
  insert into pg_temp.rekindle_replayed (
    user_id, scenario_type, at, sent_at, next_at, counts, counted, hour, zone)
  select claimed.user_id, %(scenario_type)s, %(at)s::timestamptz, claimed.sent_at,
         claimed.sent_at + make_interval(secs => (claimed.variant).cooldown_seconds), (claimed.variant).counts,
         %(counted)s::boolean, extract(hour from timezone(coalesce(claimed.zone, 'UTC'), claimed.sent_at))::int,
         coalesce(claimed.zone, 'UTC')
  from claimed
)
select 'verdict' as what, coalesce(verdict.refusal, 'claimed') as name, count(*) as people,
       coalesce(sum(reach.devices) filter (where verdict.refusal is null), 0)::bigint as devices,
       count(*) filter (where verdict.refusal is null and reach.registered) as registered
from verdict
-- FULL JOIN only to rule out a nested loop. It acts as a left join.
full join reach on reach.user_id = verdict.user_id
group by 2
union all
select 'collision', other.scenario_type, count(distinct verdict.user_id), 0, 0
from verdict
join pg_temp.rekindle_replayed other
  on other.user_id = verdict.user_id and other.scenario_type <> %(scenario_type)s
 and other.at > %(at)s::timestamptz - make_interval(
       secs => (select max(seconds) from unnest((verdict.variant).cap_seconds) as seconds))
where verdict.refusal = 'frequency_cap'
group by 2
