-- In: limit, per trial; timezone, where a person's own is missing or not valid (null: UTC).
-- Out: settled, the number of enrolments that this batch decided.
-- Writes whether each person of a trial came back within its horizon, once that and a day for late
-- entries are over, the oldest first; and whether they had opted out by now. It is the same for
-- both arms. If a trial was stopped, only those count whose horizon was over then.
-- The activities are looked up as in look_back.sql.
-- The caller binds {preference} to the part of that name, or to its `_absent` twin.
-- Locks: the enrolments, in key order, skipping locked ones.
-- Never: a change to a row that is settled.
with preference as (
  {preference}
),
renamed as materialized (
  select * from rekindle.renamed()
),
over as materialized (
  select first.*, t.horizon_seconds
  from rekindle.trial t
  cross join (select rekindle.clock() as at) moment
  cross join lateral (
    select e.trial_id, e.user_id, e.scenario_type, e.claimed_at
    from rekindle.enrolment e
    where e.trial_id = t.trial_id and e.settled_at is null
      and e.claimed_at < moment.at - make_interval(secs => t.horizon_seconds + 86400)  -- mutant: trial-horizon-is-over
      and e.claimed_at <= coalesce(t.ended_at, 'infinity') - make_interval(secs => t.horizon_seconds)  -- mutant: stopped-early
    order by e.claimed_at
    limit %(limit)s
  ) first
  where t.outcome = 'activity'
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
locked as materialized (
  select e.trial_id, e.user_id, e.scenario_type, e.claimed_at, over.horizon_seconds
  from over
  join rekindle.enrolment e on e.trial_id = over.trial_id and e.user_id = over.user_id
  where e.settled_at is null
  order by e.trial_id, e.user_id
  for update of e skip locked
),
settled as (
  update rekindle.enrolment e
  set settled_at = rekindle.clock(), came_back_at = back.at,
      opted_out_at = case when person.opted_out_of && array[coalesce(renamed.identity, locked.scenario_type), '']
                          then rekindle.clock() end
  from locked
  join person on person.user_id = locked.user_id
  left join renamed on renamed.name = locked.scenario_type  -- mutant: settled-by-name
  cross join lateral (
    select min(rekindle.back_at(a.activity_date, locked.claimed_at, locked.horizon_seconds, person.zone)) as at
    from rekindle_source.activity a
    where a.user_id = locked.user_id
      and a.activity_date >= locked.claimed_at - interval '2 days'
      and a.activity_date <= locked.claimed_at + make_interval(secs => locked.horizon_seconds) + interval '2 days'
  ) back
  where e.trial_id = locked.trial_id and e.user_id = locked.user_id
  returning 1
)
select count(*) as settled from settled
