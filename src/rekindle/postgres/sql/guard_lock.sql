-- In: nothing.
-- Out: nothing. Claims that the guard counts run one after the other from here to their commit.
-- Otherwise two claims could both be the last one that the guard allows. A transaction that has
-- this lock takes no other lock that a claim waits for. The lock ends with the transaction.
select pg_advisory_xact_lock(hashtextextended('rekindle.guard', 0))
