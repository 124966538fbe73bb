-- A part of prune_disabled_token.sql and prune_counts.sql: the token was disabled, and last found
-- among the registrations, longer ago than its retention. The retention ends with a UTC day, so
-- that one pass a day reads the registrations, and not each pass.
greatest(t.disabled_at, t.needed_at) < (
  select date_trunc('day', rekindle.clock(), 'UTC') - make_interval(secs => %(disabled_token_seconds)s::float8))
