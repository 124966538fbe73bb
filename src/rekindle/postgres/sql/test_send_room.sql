-- In: user_id, request_key (null: none).
-- Out: one row: `person` and `everybody`, the test pushes of the last hour; the seconds until one
-- of each is older than that; `asked`, whether there is one under the key.
-- Locks: none. The transaction has the lock `test`.
select recent.person, recent.everybody, recent.person_seconds, recent.everybody_seconds,
       exists (select from rekindle.test_send t where t.request_key = %(request_key)s) as asked
from (
  select count(*) filter (where t.user_id = %(user_id)s::uuid) as person, count(*) as everybody,
         ceil(3600 - extract(epoch from now.at - min(t.sent_at) filter (where t.user_id = %(user_id)s::uuid)))::int
           as person_seconds,
         ceil(3600 - extract(epoch from now.at - min(t.sent_at)))::int as everybody_seconds
  from (select rekindle.clock() as at offset 0) now
  left join rekindle.test_send t on t.sent_at > now.at - interval '1 hour'
  group by now.at
) recent
