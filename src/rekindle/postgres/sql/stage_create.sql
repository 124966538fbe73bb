-- In: nothing. Out: a temporary table, dropped at the end of the transaction. Made once per
-- scenario of kind sql, for the rows of its query.
create temporary table rekindle_candidate (
  user_id    uuid not null,
  occurrence text not null check (occurrence <> '' and length(occurrence) <= 200),
  variables  jsonb check (jsonb_typeof(variables) = 'object')
) on commit drop
