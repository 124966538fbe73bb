-- In: nothing. Out: a temporary table, dropped at the end of the transaction: the people that
-- outranking scenarios claim.
create temporary table rekindle_outranking (user_id uuid not null) on commit drop
