-- In: arrays of schemas (null: a name without one) and names, as a plan shows them.
-- Out: name of each function that is not the server's or Rekindle's, and is not immutable: nobody
-- knows whether it reads a clock.
select distinct p.oid::regproc::text as name
from unnest(%(schemas)s::text[], %(names)s::text[]) as shown (schema, name)
join pg_catalog.pg_proc p on p.proname = shown.name
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
where n.nspname not in ('pg_catalog', 'rekindle', 'information_schema')
  and (n.nspname = shown.schema or shown.schema is null and pg_catalog.pg_function_is_visible(p.oid))
  and p.provolatile <> 'i'
order by 1
