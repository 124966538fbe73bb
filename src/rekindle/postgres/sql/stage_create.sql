-- In: nothing.
-- Out: a temporary table for the rows that the query of a scenario of kind sql returns. It is
-- dropped at the end of the transaction. It refuses no row, because one row must not fail the
-- others: the verdicts judge each.
create temporary table rekindle_candidate (user_id uuid, occurrence text, variables jsonb) on commit drop
