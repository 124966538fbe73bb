-- In: nothing.
-- Out: a temporary table for the rows that the query of a scenario of kind sql returns. It is
-- dropped at the end of the transaction.
create temporary table rekindle_candidate (
  user_id    uuid not null,
  occurrence text not null check (occurrence <> '' and length(occurrence) <= 200),
  variables  jsonb check (jsonb_typeof(variables) = 'object')
) on commit drop
