-- In: user_ids; chars, the longest external_id that is shown.
-- Out: (user_id, external_id) of each of them that has one. The view may lack the column:
-- `external_id` without an alias is then that of `absent`, which is outside. If the view lists a
-- person several times, the first external_id counts.
-- Locks: none.
select distinct on (named.user_id) named.user_id, named.external_id
from (select null::text as external_id) absent
cross join lateral (
  select r.user_id, external_id::text as external_id
  from rekindle_source.recipient r
  where r.user_id = any (%(user_ids)s::uuid[])
) named
where named.external_id <> '' and length(named.external_id) <= %(chars)s   -- mutant: long-external-id
order by named.user_id, named.external_id   -- mutant: first-external-id
