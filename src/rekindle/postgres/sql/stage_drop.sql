-- In: nothing.
-- Out: nothing. Drops the rows of one scenario's query, if there are any, so that another's can be
-- staged in the same transaction.
drop table if exists pg_temp.rekindle_candidate
