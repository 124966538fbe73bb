-- A part of prune_rest.sql and prune_counts.sql: the test push is older than the retention of
-- outcomes.
t.sent_at < (select rekindle.clock() - make_interval(secs => %(outcome_seconds)s::float8))
