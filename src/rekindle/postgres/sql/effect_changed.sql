-- In: scope (null: all); sees, the organisations that the reader is limited to (null: all);
-- timezone, where a person's own is missing or not valid (null: UTC).
-- Out: (trial_id, people): how many people who settled would be judged differently now, because the
-- team's view has changed since. What is settled stays as it is.
-- The activities are looked up as in look_back.sql.
-- Locks: none.
with person as (
  {trial_person}
),
settled as materialized (
  select trial_id, user_id, claimed_at, horizon_seconds, came_back_at is not null as came_back
  from person
  where settled_on is not null and outcome = 'activity'
),
zoned as materialized (
  select one.user_id, rekindle.first_zone(min(r.timezone::text), %(timezone)s, 'UTC') as zone
  from (select distinct user_id from settled) one
  left join rekindle_source.recipient r on r.user_id = one.user_id
  group by one.user_id
)
select settled.trial_id, count(*) filter (where settled.came_back <> (back.at is not null)) as people
from settled
join zoned on zoned.user_id = settled.user_id
cross join lateral (
  select min(rekindle.back_at(a.activity_date, settled.claimed_at, settled.horizon_seconds, zoned.zone)) as at
  from rekindle_source.activity a
  where a.user_id = settled.user_id
    and a.activity_date >= settled.claimed_at - interval '2 days'
    and a.activity_date <= settled.claimed_at + make_interval(secs => settled.horizon_seconds) + interval '2 days'
) back
group by settled.trial_id
