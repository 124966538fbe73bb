-- In: arrays of organisation_ids and chapter_ids (null: the whole organisation); user_id, null.
-- Out: position, from 1, of each of these places that has no active recipient. It reads the
-- recipients once.
with home as materialized (
  select membership.organisation_id, membership.chapter_id
  from rekindle_source.recipient r
  {membership}
  where r.active
  group by 1, 2
)
select place.position
from unnest(%(organisation_ids)s::uuid[], %(chapter_ids)s::uuid[])
  with ordinality as place (organisation_id, chapter_id, position)
where not exists (
  select from home
  where home.organisation_id = place.organisation_id
    and (place.chapter_id is null or home.chapter_id = place.chapter_id)
)
order by place.position
