-- In: nothing.
-- Out: view_name of each view and table in schema rekindle_source that the role rekindle_worker may
-- not read; no row without that role.
-- Locks: none.
select c.relname as view_name
from pg_catalog.pg_roles r
join pg_catalog.pg_namespace n on n.nspname = 'rekindle_source'
join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relkind in ('v', 'm', 'r', 'p', 'f')
where r.rolname = 'rekindle_worker'
  and not (has_schema_privilege(r.oid, n.oid, 'usage') and has_table_privilege(r.oid, c.oid, 'select'))
order by c.relname
