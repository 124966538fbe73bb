-- A part of prune_rest.sql and prune_counts.sql: no run has written to the installation for as long
-- as runs are kept, and it is not the one that the latest run wrote to (installation_known.sql).
v.seen_at < (select rekindle.clock() - make_interval(secs => %(run_seconds)s::float8))
  and exists (select from rekindle.installation later
              where (later.seen_at, later.timeline, later.database_oid)
                  > (v.seen_at, v.timeline, v.database_oid))  -- mutant: latest-installation
