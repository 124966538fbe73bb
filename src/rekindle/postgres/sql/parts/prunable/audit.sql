-- A part of prune_audit.sql and prune_counts.sql: the row is older than its retention.
a.at < (select rekindle.clock() - make_interval(secs => %(audit_seconds)s::float8))
