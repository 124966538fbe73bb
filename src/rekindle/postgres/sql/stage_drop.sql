-- In: nothing. Out: nothing. The rows of one scenario's query make room for another's in the same
-- transaction.
drop table pg_temp.rekindle_candidate
