-- In: nothing.
-- Out: (role, relation) for each relation outside Rekindle's schemas through which a caller of a
-- REST API may read device tokens: a view over the tokens in rekindle_source.device_token or
-- rekindle.outbox, unless it reads with the caller's rights; or a table behind
-- rekindle_source.device_token without row level security.
with recursive reads as (
  select distinct w.ev_class as reader, d.refobjid as relation, a.attname as column_name
  from pg_catalog.pg_rewrite w
  join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_rewrite'::regclass and d.objid = w.oid
    and d.refclassid = 'pg_catalog.pg_class'::regclass and d.refobjid <> w.ev_class
  left join pg_catalog.pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid and d.refobjsubid > 0
),
above as (   -- what shows the tokens; after the first view the column may have another name
  select reader from reads
  where relation = to_regclass('rekindle_source.device_token') and column_name = 'token'
     or relation = to_regclass('rekindle.outbox') and column_name = 'target'
  union
  select reads.reader from reads join above on above.reader = reads.relation
),
behind as (
  select relation from reads where reader = to_regclass('rekindle_source.device_token')
  union
  select reads.relation from reads join behind on behind.relation = reads.reader
)
select caller.rolname::text as role, shown.oid::regclass::text as relation
from (
  select c.oid, c.relnamespace
  from above join pg_catalog.pg_class c on c.oid = above.reader
  where not exists (
    select from pg_catalog.pg_options_to_table(c.reloptions) o
    where o.option_name = 'security_invoker' and o.option_value in ('true', 'on', 'yes', '1'))
  union
  select c.oid, c.relnamespace
  from behind join pg_catalog.pg_class c on c.oid = behind.relation
  where c.relkind in ('r', 'p') and not c.relrowsecurity
) shown
join pg_catalog.pg_namespace n on n.oid = shown.relnamespace and n.nspname not in ('rekindle', 'rekindle_source')
cross join pg_catalog.pg_roles caller
where caller.rolname in ('anon', 'authenticated')
  and has_schema_privilege(caller.oid, n.oid, 'usage')
  and has_any_column_privilege(caller.oid, shown.oid, 'select')
order by 2, 1
