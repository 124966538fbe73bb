-- A part of export.sql and export_counts.sql: every row of the ledger about one person, with its
-- table and its place in the document. A unit's `target` is left out: it is a device token, and the
-- team's own table has it. Deliveries are found through their records, as they have no index by
-- person.
select 'gate' as name, 1 as position, g.scenario_type as key, to_jsonb(g) as row
from rekindle.gate g where g.user_id = %(user_id)s::uuid
union all
select 'cap', 2, '', to_jsonb(k)
from rekindle.cap k where k.user_id = %(user_id)s::uuid
union all
select 'outbox', 3, o.claim_id || ' ' || o.device_id, to_jsonb(o) - 'target'  -- mutant: token
from rekindle.outbox o where o.user_id = %(user_id)s::uuid
union all
select 'scenario_notification', 4, n.id::text, to_jsonb(n)
from rekindle.scenario_notification n where n.user_id = %(user_id)s::uuid
union all
select 'delivery', 5, d.claim_id || ' ' || d.device_id, to_jsonb(d)
from rekindle.scenario_notification n
join rekindle.delivery d on d.claim_id = n.id
where n.user_id = %(user_id)s::uuid
union all
select 'came_back', 6, c.claim_id::text, to_jsonb(c)
from rekindle.scenario_notification n
join rekindle.came_back c on c.claim_id = n.id
where n.user_id = %(user_id)s::uuid
union all
select 'outcome', 7, x.claim_id || ' ' || x.device_id, to_jsonb(x)
from rekindle.outcome x where x.user_id = %(user_id)s::uuid
union all
select 'spent', 8, s.scenario_type || ' ' || s.occurrence, to_jsonb(s)
from rekindle.spent s where s.user_id = %(user_id)s::uuid
union all
select 'disabled_token', 9, t.device_id::text, to_jsonb(t)
from rekindle.disabled_token t where t.user_id = %(user_id)s::uuid
union all
select 'enrolment', 10, e.trial_id::text, to_jsonb(e)
from rekindle.enrolment e where e.user_id = %(user_id)s::uuid
union all
select 'test_send', 11, p.test_id::text, to_jsonb(p)
from rekindle.test_send p where p.user_id = %(user_id)s::uuid
