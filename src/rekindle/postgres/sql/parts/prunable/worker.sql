-- A part of prune_rest.sql and prune_counts.sql: the worker was not seen for a day.
w.seen_at < (select rekindle.clock() - interval '1 day')
