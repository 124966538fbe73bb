-- A part of the statements that look back: when the person of each `claim` came back within its
-- horizon, as the view of activities says. An activity is looked up by the index on (user_id,
-- activity_date): the two bounds with a margin of two days are for it, and rekindle.back_at
-- decides.
cross join lateral (
  select min(rekindle.back_at(a.activity_date, claim.claimed_at, claim.horizon_seconds, claim.zone)) as at
  from rekindle_source.activity a
  where a.user_id = claim.user_id
    and a.activity_date >= claim.claimed_at - interval '2 days'
    and a.activity_date <= claim.claimed_at + make_interval(secs => claim.horizon_seconds) + interval '2 days'
) back
