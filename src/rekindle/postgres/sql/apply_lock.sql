-- In: nothing.
-- Out: nothing. Two concurrent applies run one after the other. The lock ends with the transaction.
select pg_advisory_xact_lock(hashtextextended('rekindle.apply', 0))
