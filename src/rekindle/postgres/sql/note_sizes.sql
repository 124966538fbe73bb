-- In: arrays of schema_names and table_names; least_rows.
-- Out: (position, relation, rows) of those tables, counted from 1, that have at least `least_rows`
-- rows by the server's estimate.
select given.position, c.oid::regclass::text as relation, c.reltuples::bigint as rows
from unnest(%(schema_names)s::text[], %(table_names)s::text[]) with ordinality
  as given (schema_name, table_name, position)
join pg_catalog.pg_namespace n on n.nspname = given.schema_name
join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = given.table_name
where c.reltuples >= %(least_rows)s
order by given.position
