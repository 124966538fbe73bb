-- A part of the statements that look back, in place of back.sql, as a query of the team says.
-- rekindle.postgres.own_outcome puts the query, in brackets, where pg_temp.rekindle_happened is. It
-- is read as a set, because a query with a GROUP BY would be run for each person. The lower bound
-- is for its index.
left join (
  select claim.claim_id, claim.claimed_at, claim.horizon_seconds,
         min(rekindle.back_at(own.happened_at, claim.claimed_at, claim.horizon_seconds, claim.zone)) as at
  from claim
  join pg_temp.rekindle_happened own on own.user_id = claim.user_id
  where own.happened_at >= (select min(one.claimed_at) - interval '2 days' from claim one)
  group by claim.claim_id, claim.claimed_at, claim.horizon_seconds
) back
  on back.claim_id = claim.claim_id and back.claimed_at = claim.claimed_at
  and back.horizon_seconds = claim.horizon_seconds
