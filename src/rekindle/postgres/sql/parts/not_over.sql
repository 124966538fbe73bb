-- A part of verdicts.sql: the scenario has not ended where the person lives. Without a time zone,
-- the day is that of UTC.
coalesce(rekindle.local_day(%(at)s::timestamptz, coalesce(found.zone, 'UTC')) < (found.variant).until_on, true)  -- mutant: until
