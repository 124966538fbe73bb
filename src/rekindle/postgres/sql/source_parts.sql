-- Out: parts, which of the team's optional views there are. One that this role may not read counts as there: the
-- statement that needs it then fails, and nobody's wish is passed over in silence.
select array(
  select c.relname::text
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where n.nspname = 'rekindle_source' and c.relkind in ('v', 'm', 'r', 'p', 'f')
    and c.relname in ('chapter', 'organisation', 'preference', 'activity')
  order by c.relname
) as parts
