-- A part of the statements that look back, in place of back.sql, as outcome_asked.sql has answered.
-- A claim that it was not asked about, or with another horizon, stays for the next time.
join (  -- mutant: only-the-asked
  select asked.claim_id, asked.claimed_at, asked.horizon_seconds, asked.at
  from unnest(%(claim_ids)s::uuid[], %(claimed_ats)s::timestamptz[], %(horizons)s::bigint[],
              %(back_ats)s::timestamptz[])
    as asked (claim_id, claimed_at, horizon_seconds, at)
) back
  on back.claim_id = claim.claim_id and back.claimed_at = claim.claimed_at
  and back.horizon_seconds = claim.horizon_seconds  -- mutant: asked-with-its-horizon
