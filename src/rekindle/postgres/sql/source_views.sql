-- In: nothing.
-- Out: view_name of each of the team's views. One that this role may not read is included.
-- Locks: none.
select c.relname::text as view_name
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname = 'rekindle_source' and c.relkind in ('v', 'm', 'r', 'p', 'f')
order by 1
