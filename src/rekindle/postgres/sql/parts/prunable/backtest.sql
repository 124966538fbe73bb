-- A part of prune_rest.sql and prune_counts.sql: it was saved longer ago than runs are kept.
b.saved_at < (select rekindle.clock() - make_interval(secs => %(run_seconds)s::float8))
