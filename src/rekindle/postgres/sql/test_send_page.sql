-- In: organisations (null: all rows); scenario_type, user_id, since, until, request_key
-- (null: any); after_at and after_id, the key of the last row of the page before (null: the first
-- page); limit.
-- Out: test pushes, newest first.
-- Locks: none.
select test_id, user_id, scenario_type, scenario_version, organisation_id, device_id, due, samples, sent_by, sent_at,
       outcome, reason, provider_name, request_sha256
from rekindle.test_send
where (%(organisations)s::uuid[] is null or organisation_id = any (%(organisations)s))  -- mutant: own-tests
  and (%(scenario_type)s::text is null or scenario_type = %(scenario_type)s)
  and (%(user_id)s::uuid is null or user_id = %(user_id)s)
  and (%(request_key)s::text is null or request_key = %(request_key)s)
  and (%(since)s::timestamptz is null or sent_at >= %(since)s)
  and (%(until)s::timestamptz is null or sent_at < %(until)s)
  and (%(after_at)s::timestamptz is null or (sent_at, test_id) < (%(after_at)s, %(after_id)s::uuid))
order by sent_at desc, test_id desc
limit %(limit)s
