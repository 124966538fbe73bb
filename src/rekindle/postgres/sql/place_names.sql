-- In: arrays of organisation_ids and chapter_ids; chars, the longest name that is shown.
-- Out: (view_name, id, name) of each of them that has a name. A name that is too long has one
-- character more than `chars`. For {organisation_names} and {chapter_names} see optional_views.sql.
-- Locks: none.
select 'organisation' as view_name, named.id, named.name
from (
  {organisation_names}
) named
where named.name is not null
union all
select 'chapter', named.id, named.name
from (
  {chapter_names}
) named
where named.name is not null
