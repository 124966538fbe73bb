-- In: nothing. Out: nothing. Two applies at once are made to follow each other; the lock ends with
-- the transaction.
select pg_advisory_xact_lock(hashtextextended('rekindle.apply', 0))
