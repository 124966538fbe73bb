-- In: scope (null: all); sees, the organisations that the reader is limited to (null: all);
-- outcome ('activity', or the query); timezone, where a person's own is missing or not valid
-- (null: UTC).
-- Out: (trial_id, text_name, people): how many people who settled would be judged differently now,
-- because what the outcome reads has changed since. What is settled stays as it is.
-- The caller binds {back} to back.sql, or to its `_own` twin.
-- Locks: none.
with person as (
  {trial_person}
),
settled as materialized (
  select trial_id, text_name, user_id, claim_id, claimed_at, horizon_seconds, came_back_at is not null as came_back
  from person
  where settled_on is not null and outcome = %(outcome)s
),
zoned as materialized (
  select one.user_id, rekindle.first_zone(min(r.timezone::text), %(timezone)s, 'UTC') as zone
  from (select distinct user_id from settled) one
  left join rekindle_source.recipient r on r.user_id = one.user_id
  group by one.user_id
),
claim as (
  select settled.*, zoned.zone
  from settled
  join zoned on zoned.user_id = settled.user_id
)
select claim.trial_id, claim.text_name, count(*) filter (where claim.came_back <> (back.at is not null)) as people
from claim
{back}
group by claim.trial_id, claim.text_name
