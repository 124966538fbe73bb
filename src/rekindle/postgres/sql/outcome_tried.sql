-- In: horizon_seconds; people, how many.
-- Out: came_back, of so many recipients as if each had been claimed a horizon ago: whether the
-- query can be read, as a run reads it.
-- The caller binds {back} to back_own.sql.
-- Locks: none. It runs in a transaction that cannot write.
with claim as materialized (
  select r.user_id as claim_id, r.user_id, rekindle.first_zone(r.timezone::text, 'UTC', 'UTC') as zone,
         rekindle.clock() - make_interval(secs => %(horizon_seconds)s) as claimed_at,
         %(horizon_seconds)s::bigint as horizon_seconds
  from rekindle_source.recipient r
  where r.user_id is not null
  limit %(people)s
),
judged as (
  select back.at
  from claim
  {back}
)
select count(judged.at) as came_back from judged
