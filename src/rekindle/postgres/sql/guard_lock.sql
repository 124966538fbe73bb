-- In: nothing. Out: nothing. Claims that count follow one another from here to their commit, so
-- that no two can both be the last that the guard lets go. Nobody who has it locks anything else
-- that a claim waits for; the transaction ends it.
select pg_advisory_xact_lock(hashtextextended('rekindle.guard', 0))
