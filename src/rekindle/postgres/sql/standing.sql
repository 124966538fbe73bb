-- In: user_id; organisations, those that the reader is limited to (null: all). Rows of others do
-- not exist for that reader.
-- Out: one row: the moment; `listed`, whether the person is in the recipient view; `active`,
-- whether they are active there; `known`, whether the views or the ledger have the id; and the
-- places of the recipient as [organisation, chapter], the home first; and the external_id and the
-- name, if the view has their columns: see people_names.sql.
-- Locks: none.
select rekindle.clock() as at, coalesce(r.rows > 0, false) as listed, coalesce(r.active, false) as active,
       r.rows > 0
       or exists (select from rekindle_source.device_token d where d.user_id = %(user_id)s::uuid)
       or exists (select from rekindle.gate g where g.user_id = %(user_id)s::uuid)
       or exists (select from rekindle.scenario_notification n where n.user_id = %(user_id)s::uuid)
       or exists (select from rekindle.spent s where s.user_id = %(user_id)s::uuid) as known,
       coalesce(r.places, '{}') as places, r.external_id, r.name
from (
  select count(*) as rows, bool_or(own.active) as active, min(own.external_id) as external_id,
         min(own.name) as name,
         array_agg(array[own.organisation_id, own.chapter_id]
                   order by own.active desc nulls last, own.position, own.organisation_id, own.chapter_id)
           filter (where own.organisation_id is not null or own.chapter_id is not null) as places
  from (
    select null::text as external_id, null::text as name, null::text as full_name, null::text as display_name,
           null::text as first_name
  ) absent
  cross join lateral (
    select distinct r.active, membership.position, membership.organisation_id, membership.chapter_id,
           external_id::text as external_id,
           coalesce(nullif(btrim(name::text), ''), nullif(btrim(full_name::text), ''),
                    nullif(btrim(display_name::text), ''), nullif(btrim(first_name::text), '')) as name
    from rekindle_source.recipient r
    {membership}
    where r.user_id = %(user_id)s::uuid
      and (%(organisations)s::uuid[] is null
           or membership.organisation_id = any (%(organisations)s::uuid[]))  -- mutant: own-people
  ) own
) r
