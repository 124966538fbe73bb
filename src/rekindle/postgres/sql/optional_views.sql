-- In: nothing.
-- Out: (view_name, part) for each of the team's optional views: the part that reads it, or its
-- `_absent` twin if the view does not exist. A view that this role may not read counts as existing.
-- The statement that needs it then fails, and no opt-out is ignored silently.
select optional.view_name,
       optional.view_name || case when c.oid is null then '_absent' else '' end as part
from unnest(array['chapter', 'organisation', 'preference', 'activity', 'certification']) as optional (view_name)
left join pg_catalog.pg_namespace n on n.nspname = 'rekindle_source'
left join pg_catalog.pg_class c
  on c.relnamespace = n.oid and c.relname = optional.view_name and c.relkind in ('v', 'm', 'r', 'p', 'f')
