-- In: nothing.
-- Out: (slot, part): for each of the team's optional views, the part that reads it, or its
-- `_absent` twin if the view does not exist; for `own_columns` the part that reads a recipient's
-- columns, or its `_careful` twin if one of them has a type that to_jsonb may fail on; the part
-- that reads the amounts of activities, or its `_absent` twin; and the part that reads the opened
-- pushes, by claim or by person, or its `_absent` twin. Also the parts that assign people to the
-- arms of trials, or their `_absent` twins while no trial runs.
-- A view that this role may not read counts as existing. The statement that needs it then fails,
-- and no opt-out is ignored silently.
select optional.slot, optional.slot || case when c.oid is null then '_absent' else '' end as part
from unnest(array['chapter', 'organisation', 'preference', 'membership']) as optional (slot)
left join pg_catalog.pg_namespace n on n.nspname = 'rekindle_source'
left join pg_catalog.pg_class c
  on c.relnamespace = n.oid and c.relname = optional.slot and c.relkind in ('v', 'm', 'r', 'p', 'f')
union all
select 'own_columns', case when exists (
  select
  from pg_catalog.pg_namespace n
  join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = 'recipient'
  join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  join pg_catalog.pg_type t on t.oid = a.atttypid
  where n.nspname = 'rekindle_source' and t.typtype <> 'e' and t.typname <> 'citext'
    and (t.typnamespace <> 'pg_catalog'::regnamespace or t.typname in ('json', '_json') or t.typtype = 'c')
) then 'own_columns_careful' else 'own_columns' end
union all
select 'kinds/milestone/amount', case when exists (
  select
  from pg_catalog.pg_namespace n
  join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = 'activity'
  join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attname = 'amount' and not a.attisdropped
  where n.nspname = 'rekindle_source'
) then 'kinds/milestone/amount' else 'kinds/milestone/amount_absent' end
union all
select 'opened', case
  when not exists (
    select
    from pg_catalog.pg_namespace n
    join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = 'opened'
    where n.nspname = 'rekindle_source' and c.relkind in ('v', 'm', 'r', 'p', 'f')
  ) then 'opened_absent'
  when exists (  -- mutant: opened-by-person
    select
    from pg_catalog.pg_namespace n
    join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = 'opened'
    join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attname = 'claim_id' and not a.attisdropped
    where n.nspname = 'rekindle_source'
  ) then 'opened'
  else 'opened_by_person'
end
union all
select trial.slot, trial.slot || case when exists (
  select from rekindle.trial t where t.ended_at is null and t.held is not null
) then '' else '_absent' end
from unnest(array['assigned', 'enrolled', 'held_out_today']) as trial (slot)
