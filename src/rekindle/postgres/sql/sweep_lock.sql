-- Out: sweeping. One sweep at a time, for economy; without it sweeps would only repeat each other's
-- work. A transaction-level lock: a session-level one is granted to two clients at once behind a
-- transaction pooler.
select pg_try_advisory_xact_lock(hashtextextended('rekindle.sweep', 0)) as sweeping
