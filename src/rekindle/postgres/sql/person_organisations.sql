-- In: user_id.
-- Out: one row per organisation that the recipient view or the ledger has for the person. Null: a
-- row without an organisation. No row: neither has the person.
-- Locks: none.
select membership.organisation_id
from rekindle_source.recipient r
{membership}
where r.user_id = %(user_id)s::uuid
union
select o.organisation_id from rekindle.outbox o where o.user_id = %(user_id)s::uuid
union
select n.organisation_id from rekindle.scenario_notification n where n.user_id = %(user_id)s::uuid
union
select x.organisation_id from rekindle.outcome x where x.user_id = %(user_id)s::uuid
union
select t.organisation_id from rekindle.test_send t where t.user_id = %(user_id)s::uuid
