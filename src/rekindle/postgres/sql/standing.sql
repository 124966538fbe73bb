-- In: user_id.
-- Out: one row: the moment; `listed`, whether the person is in the recipient view; `active`,
-- whether they are active there; and `known`, whether the views or the ledger have the id.
-- Locks: none.
select rekindle.clock() as at, coalesce(r.rows > 0, false) as listed, coalesce(r.active, false) as active,
       r.rows > 0
       or exists (select from rekindle_source.device_token d where d.user_id = %(user_id)s::uuid)
       or exists (select from rekindle.gate g where g.user_id = %(user_id)s::uuid)
       or exists (select from rekindle.scenario_notification n where n.user_id = %(user_id)s::uuid) as known
from (
  select count(*) as rows, bool_or(active) as active
  from rekindle_source.recipient where user_id = %(user_id)s::uuid
) r
