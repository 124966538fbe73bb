-- In: limit, per scenario; timezone, where a person's own is missing or not valid (null: UTC).
-- Out: looked_back, the number of records that this batch decided.
-- Writes whether the person came back after each push whose horizon is over, and a day for late
-- entries with it, the oldest first. The newest row of a scenario in rekindle.came_back says where
-- to go on, so the work does not grow with what is known already. The horizon is that of the
-- scenario's latest version.
-- An activity is looked up by the index on (user_id, activity_date): the two bounds with a margin
-- of two days are for it, and rekindle.back_at decides.
-- The caller binds {preference} to the part of that name, or to its `_absent` twin.
-- Locks: none; two at once write the same rows once.
-- Never: a change to a row that is there.
with preference as (
  {preference}
),
renamed as materialized (
  select * from rekindle.renamed()
),
scenario as materialized (
  select distinct on (s.scenario_type) s.scenario_type,
         coalesce((s.definition #>> '{outcome,horizon}')::bigint, 1209600) as horizon_seconds, moment.at
  from rekindle.scenario s
  cross join (select rekindle.clock() as at) moment
  order by s.scenario_type, s.version desc
),
over as materialized (
  select push.*, scenario.horizon_seconds
  from scenario
  left join lateral (
    select c.dispatched_at, c.claim_id from rekindle.came_back c
    where c.scenario_type = scenario.scenario_type
    order by c.dispatched_at desc, c.claim_id desc
    limit 1
  ) latest on true
  cross join lateral (
    select n.id as claim_id, n.user_id, n.scenario_type, n.dispatched_at,
           coalesce(n.cooldown_window_start, n.dispatched_at) as claimed_at
    from rekindle.scenario_notification n
    where n.scenario_type = scenario.scenario_type
      and (n.dispatched_at, n.id) > (coalesce(latest.dispatched_at, '-infinity'),
                                     coalesce(latest.claim_id, '00000000-0000-0000-0000-000000000000'))
      and n.dispatched_at < scenario.at - make_interval(secs => scenario.horizon_seconds + 86400)  -- mutant: horizon-is-over
    order by n.dispatched_at, n.id
    limit %(limit)s
  ) push
),
person as materialized (
  select over.user_id, rekindle.first_zone(min(r.timezone::text), %(timezone)s, 'UTC') as zone,
         array(select coalesce(renamed.identity, preference.scenario_type, '') from preference
               left join renamed on renamed.name = preference.scenario_type
               where preference.user_id = over.user_id) as opted_out_of
  from over
  left join rekindle_source.recipient r on r.user_id = over.user_id
  group by over.user_id
),
looked as (
  insert into rekindle.came_back (claim_id, scenario_type, dispatched_at, horizon_seconds, back_at, opted_out)
  select over.claim_id, over.scenario_type, over.dispatched_at, over.horizon_seconds, back.at,
         person.opted_out_of && array[coalesce(renamed.identity, over.scenario_type), '']
  from over
  join person on person.user_id = over.user_id
  left join renamed on renamed.name = over.scenario_type  -- mutant: looked-back-by-name
  cross join lateral (
    select min(rekindle.back_at(a.activity_date, over.claimed_at, over.horizon_seconds, person.zone)) as at
    from rekindle_source.activity a
    where a.user_id = over.user_id
      and a.activity_date >= over.claimed_at - interval '2 days'
      and a.activity_date <= over.claimed_at + make_interval(secs => over.horizon_seconds) + interval '2 days'
  ) back
  order by over.claim_id
  on conflict (claim_id) do nothing
  returning 1
)
select count(*) as looked_back from looked
