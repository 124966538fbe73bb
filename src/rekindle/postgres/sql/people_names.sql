-- In: user_ids; organisations, those that the reader is limited to (null: all); chars, the longest
-- name that is shown. One that is too long has one character more.
-- Out: (user_id, name) of each of them that is a recipient of these organisations now and has a
-- name: the first of the columns name, full_name, display_name and first_name that is not blank. A
-- column that the view lacks is, without an alias, that of `absent`, which is outside. If the view
-- lists a person several times, the first name counts.
-- The caller binds {recipient_of} to the part of this name or to its `_absent` twin.
-- Locks: none.
select distinct on (named.user_id) named.user_id, left(named.name, %(chars)s + 1) as name
from (
  select null::text as name, null::text as full_name, null::text as display_name, null::text as first_name
) absent
cross join lateral (
  select r.user_id,
         coalesce(nullif(btrim(name::text), ''), nullif(btrim(full_name::text), ''),
                  nullif(btrim(display_name::text), ''), nullif(btrim(first_name::text), '')) as name
  from rekindle_source.recipient r
  where r.user_id = any (%(user_ids)s::uuid[])
    and (%(organisations)s::uuid[] is null or {recipient_of})   -- mutant: own-names
) named
where named.name is not null
order by named.user_id, named.name
