-- In: nothing.
-- Out: the number of external_ids that several people have, and of these people. Whether they are
-- active makes no difference: a command that takes a person finds both. The view may lack the
-- column: `external_id` without an alias is then that of `absent`, which is outside.
-- Locks: none.
-- Never: an external_id.
select count(*) as shared_ids, coalesce(sum(id.people), 0)::bigint as sharing_people
from (
  select count(distinct named.user_id) as people
  from (select null::text as external_id) absent
  cross join lateral (
    select r.user_id, external_id::text as external_id from rekindle_source.recipient r
  ) named
  where named.external_id is not null
  group by named.external_id
  having count(distinct named.user_id) > 1   -- mutant: shared-id
) id
