-- In: tables, column_names ('': the whole table), privileges: arrays with one entry for each right
-- that the migrations grant to rekindle_worker in schema rekindle.
-- Out: what is missing, one text each: the role, its rights, row level security, its policies, and
-- functions that everybody may call. No row in a database without the ledger. Without the role,
-- only the role is missing. A dump has no roles, so a restored ledger may lack all of it. The
-- catalog is asked by oid, so that a login without any right to the schema may ask too.
-- Locks: none.
with worker as (
  select (select r.oid from pg_catalog.pg_roles r where r.rolname = 'rekindle_worker') as oid
),
ledger as (
  select n.oid from pg_catalog.pg_namespace n where n.nspname = 'rekindle'
),
relation as (
  select c.oid, c.relname, c.relrowsecurity
  from pg_catalog.pg_class c join ledger on ledger.oid = c.relnamespace and c.relkind in ('r', 'p')
),
routine as (
  select p.oid, p.oid::regprocedure::text as name from pg_catalog.pg_proc p join ledger on ledger.oid = p.pronamespace
)
select missing.what
from worker
cross join lateral (
  select 1 as rank, 'the role rekindle_worker' as what from ledger where worker.oid is null
  union all
  select 2, 'usage of schema rekindle' from ledger where not has_schema_privilege(worker.oid, ledger.oid, 'usage')
  union all
  select 2, format('%%s on database %%s', privilege, current_database())
  from ledger cross join unnest(array['connect', 'temporary']) as privilege
  where not has_database_privilege(worker.oid, current_database(), privilege)
  union all
  select 3, format('%%s on rekindle.%%s', given.privilege, given.table_name)
            || case when given.column_name = '' then '' else format(' (%%s)', given.column_name) end
  from unnest(%(tables)s::text[], %(column_names)s::text[], %(privileges)s::text[])
    as given (table_name, column_name, privilege)
  join relation on relation.relname = given.table_name
  left join pg_catalog.pg_attribute a on a.attrelid = relation.oid and a.attname = given.column_name
  where not case
    when given.column_name = '' then has_table_privilege(worker.oid, relation.oid, given.privilege)
    else has_column_privilege(worker.oid, relation.oid, a.attnum, given.privilege)
  end
  union all
  select 4, format('row level security of rekindle.%%s', relname) from relation where not relrowsecurity
  union all
  select 5, format('the policy of rekindle.%%s', relname)
  from relation
  where worker.oid is not null
    and not exists (select from pg_catalog.pg_policy p where p.polrelid = relation.oid
      and worker.oid = any (p.polroles))
  union all
  select 6, format('execute on %%s', name) from routine where not has_function_privilege(worker.oid, oid, 'execute')
  union all
  select 7, format('that only roles with a right may call %%s', name)
  from routine where has_function_privilege('public', oid, 'execute') and name not like 'rekindle.stable_uuid(%%'
) missing
order by missing.rank, missing.what
