-- A part of verdicts.sql: the day of the occasion is within `since` and `max_age`. Each kind that
-- takes these keys says in its candidates.sql what that day is (`began_on`).
coalesce(found.began_on >= (found.variant).since_on, true)  -- mutant: since
and coalesce(
  rekindle.local_day(%(at)s::timestamptz, coalesce(found.zone, 'UTC')) - found.began_on <= (found.variant).max_age_days,
  true)  -- mutant: max-age
