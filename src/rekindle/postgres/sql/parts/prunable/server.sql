-- A part of prune_rest.sql and prune_counts.sql: no run has written to the server for as long as
-- runs are kept, and it is not the one that the latest run wrote to (server_known.sql).
v.seen_at < (select rekindle.clock() - make_interval(secs => %(run_seconds)s::float8))
  and exists (select from rekindle.server later
              where (later.seen_at, later.timeline) > (v.seen_at, v.timeline))  -- mutant: latest-server
