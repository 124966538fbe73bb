-- In: nothing.
-- Out: (view_name, column_name, type_name, position) of every view and table in schema
-- rekindle_source.
select c.relname as view_name, a.attname as column_name, format_type(a.atttypid, null) as type_name,
       a.attnum as position
from pg_namespace n
join pg_class c on c.relnamespace = n.oid and c.relkind in ('v', 'm', 'r', 'p', 'f')
join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
where n.nspname = 'rekindle_source'
order by c.relname, a.attnum
