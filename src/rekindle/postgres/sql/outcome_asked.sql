-- In: limit, per scenario and trial; outcome, the query; timezone, where a person's own is missing
-- or not valid (null: UTC).
-- Out: the claims whose horizon is over, each with `at`, when its person came back by the query
-- (null: not). Those of records and those of trials, so the query runs once for both.
-- The caller binds {back} to back_own.sql.
-- Locks: none. It runs in a transaction that cannot write.
with over as materialized (
  select push.claim_id, push.user_id, push.claimed_at, push.horizon_seconds from (
    {pushes_over}
  ) push
  union
  select first.claim_id, first.user_id, first.claimed_at, first.horizon_seconds from (
    {enrolments_over}
  ) first
),
person as materialized (
  select over.user_id, rekindle.first_zone(min(r.timezone::text), %(timezone)s, 'UTC') as zone
  from over
  left join rekindle_source.recipient r on r.user_id = over.user_id
  group by over.user_id
),
claim as materialized (
  select over.*, person.zone
  from over
  join person on person.user_id = over.user_id
)
select claim.claim_id, claim.claimed_at, claim.horizon_seconds, back.at
from claim
{back}
order by claim.claim_id, claim.claimed_at
