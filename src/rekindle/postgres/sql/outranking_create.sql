-- In: nothing.
-- Out: a temporary table for the people that outranking scenarios would claim. It is dropped at the
-- end of the transaction.
create temporary table rekindle_outranking (user_id uuid not null) on commit drop
