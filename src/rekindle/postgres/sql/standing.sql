-- In: user_id; organisations, those that the reader is limited to (null: all). Rows of others do
-- not exist for that reader.
-- Out: one row: the moment; `listed`, whether the person is in the recipient view; `active`,
-- whether they are active there; `known`, whether the views or the ledger have the id; and the
-- organisation and chapter of the recipient, of the first active row if there are several.
-- Locks: none.
select rekindle.clock() as at, coalesce(r.rows > 0, false) as listed, coalesce(r.active, false) as active,
       r.rows > 0
       or exists (select from rekindle_source.device_token d where d.user_id = %(user_id)s::uuid)
       or exists (select from rekindle.gate g where g.user_id = %(user_id)s::uuid)
       or exists (select from rekindle.scenario_notification n where n.user_id = %(user_id)s::uuid)
       or exists (select from rekindle.spent s where s.user_id = %(user_id)s::uuid) as known,
       r.organisation_id, r.chapter_id
from (
  select count(*) as rows, bool_or(active) as active,
         (array_agg(organisation_id order by active desc nulls last, organisation_id, chapter_id))[1] as organisation_id,
         (array_agg(chapter_id order by active desc nulls last, organisation_id, chapter_id))[1] as chapter_id
  from rekindle_source.recipient
  where user_id = %(user_id)s::uuid
    and (%(organisations)s::uuid[] is null or organisation_id = any (%(organisations)s::uuid[]))  -- mutant: own-people
) r
