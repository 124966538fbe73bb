-- In: given, a text; user_id, the same text as a UUID (null: it is none).
-- Out: user_id of each recipient who has the text as external_id or as user_id; at most three. The
-- view may lack the column: `external_id` without an alias is then that of `absent`, which is
-- outside.
-- Locks: none.
select named.user_id
from (select null::text as external_id) absent
cross join lateral (
  select r.user_id from rekindle_source.recipient r where external_id::text = %(given)s
  union
  select r.user_id from rekindle_source.recipient r where r.user_id = %(user_id)s::uuid
) named
where named.user_id is not null
order by named.user_id
limit 3
