-- A part of claim.sql and replay.sql: the idempotency key of a claim.
case when %(by_occurrence)s::boolean  -- mutant: key-of-the-claim
     then rekindle.idempotency_key(
            claimed.user_id, %(scenario_type)s, %(evaluated_on)s::date, claimed.occurrence)
     else rekindle.idempotency_key(claimed.user_id, %(scenario_type)s, %(evaluated_on)s::date) end
