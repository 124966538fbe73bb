-- In: nothing. Out: a temporary table that the end of the transaction drops. Needed once per scenario of kind sql.
create temporary table rekindle_candidate (
  user_id    uuid not null,
  occurrence text not null check (occurrence <> '' and length(occurrence) <= 200),
  variables  jsonb check (jsonb_typeof(variables) = 'object')
) on commit drop
