-- In: names of functions of the ledger.
-- Out: the definition of each, in the order of the names. A replay of the past makes temporary
-- functions of them that read its temporary tables, so that no rule is written twice.
select pg_catalog.pg_get_functiondef(p.oid) as definition
from unnest(%(names)s::text[]) with ordinality as wanted (name, position)
join pg_catalog.pg_proc p on p.pronamespace = 'rekindle'::regnamespace and p.proname = wanted.name
order by wanted.position
