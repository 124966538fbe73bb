-- In: nothing.
-- Out: nothing. Drops the people that outranking scenarios would claim, if there are any, so that
-- those of another scenario can be staged in the same transaction.
drop table if exists pg_temp.rekindle_outranking
