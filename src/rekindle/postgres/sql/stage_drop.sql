-- In: nothing.
-- Out: nothing. Drops the rows of one scenario's query, so that another's can be staged in the same
-- transaction.
drop table pg_temp.rekindle_candidate
