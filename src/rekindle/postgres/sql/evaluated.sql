-- In: organisations (empty: all), user_id (null: all). Out: evaluated, the number of active
-- recipients. Locks: none.
select count(distinct r.user_id) as evaluated
from rekindle_source.recipient r
where r.active
  and (%(organisations)s::uuid[] = '{}' or r.organisation_id = any (%(organisations)s::uuid[]))
  and (%(user_id)s::uuid is null or r.user_id = %(user_id)s::uuid)
