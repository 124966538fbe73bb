-- In: nothing.
-- Out: (schema_name, through, open). PostgREST, and so Supabase's API, has two ways into a schema
-- that the database shows: a role's list of exposed schemas, and the right of a role of the API's
-- callers to use the schema. One row for each of Rekindle's schemas and each way that exists;
-- `open` tells whether the way leads into the schema. No row if the database has no such API.
-- PostgREST's other configuration is not in the database.
select s.schema_name, exposure.through, exposure.open
from (values ('rekindle'), ('rekindle_source')) as s (schema_name)
cross join lateral (
  select 'pgrst.db_schemas' as through,
         bool_or(s.schema_name = any (
           regexp_split_to_array(btrim(regexp_replace(entry.setting, '^[^=]*=|"', '', 'g')), '\s*,\s*'))) as open
  from pg_catalog.pg_db_role_setting d
  cross join unnest(d.setconfig) as entry (setting)
  where d.setdatabase in (0, (select b.oid from pg_catalog.pg_database b where b.datname = current_database()))
    and entry.setting ~ '^pgrst\.db_schemas?='
  having count(*) > 0
  union all
  select r.rolname::text, has_schema_privilege(r.oid, n.oid, 'usage')
  from pg_catalog.pg_roles r
  join pg_catalog.pg_namespace n on n.nspname = s.schema_name
  where r.rolname in ('anon', 'authenticated')
) exposure
order by s.schema_name, exposure.through
