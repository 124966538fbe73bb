-- A part of place_names.sql: the name of each chapter asked for. The view may lack the column,
-- or give it any type: `name` without an alias is then that of `absent`, which is outside. No other
-- column of the view is read, so none can fail. If the view lists one twice, the first name counts.
select distinct on (one.id) one.id, one.name
from (select null::text as name) absent
cross join lateral (
  select c.chapter_id as id, left(name::text, %(chars)s + 1) as name
  from rekindle_source.chapter c
  where c.chapter_id = any (%(chapter_ids)s::uuid[])
) one
order by one.id, one.name nulls last
