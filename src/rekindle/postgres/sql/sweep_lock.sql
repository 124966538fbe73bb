-- In: nothing.
-- Out: sweeping, whether this transaction has the lock. Only one sweep runs at a time, to save
-- work: two would only repeat each other's. The lock is of the transaction, because behind a
-- transaction pooler two clients can have one session-level lock at once.
select pg_try_advisory_xact_lock(hashtextextended('rekindle.sweep', 0)) as sweeping
