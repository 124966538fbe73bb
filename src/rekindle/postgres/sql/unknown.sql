-- In: organisations (null: all rows); scenario_type, user_id, claim_id, since, until (null: any);
-- after_at, after_id (a claim) and after_device, the key of the last row of the page before (null:
-- the first page); limit.
-- Out: uncertain sends, newest first: those still held for a late answer (closed_at null), and
-- closed ones. They are few, and are read by partial indexes and sorted.
select claim_id, device_id, user_id, organisation_id, scenario_type, reason, armed_at, closed_at, attempts
from (
  select claim_id, device_id, user_id, organisation_id, scenario_type, coalesce(reason, 'no_answer') as reason,
         coalesce(armed_at, claimed_at) as armed_at, null::timestamptz as closed_at, attempts
  from rekindle.outbox where state = 'unknown'
  union all
  select claim_id, device_id, user_id, organisation_id, scenario_type, reason, coalesce(armed_at, at), at, attempts
  from rekindle.outcome where outcome = 'unknown'
) sends
where (%(organisations)s::uuid[] is null or organisation_id = any (%(organisations)s))  -- mutant: own-unknown
  and (%(scenario_type)s::text is null or scenario_type = %(scenario_type)s)
  and (%(user_id)s::uuid is null or user_id = %(user_id)s)
  and (%(claim_id)s::uuid is null or claim_id = %(claim_id)s)
  and (%(since)s::timestamptz is null or armed_at >= %(since)s)
  and (%(until)s::timestamptz is null or armed_at < %(until)s)
  and (%(after_at)s::timestamptz is null
       or (armed_at, claim_id, device_id) < (%(after_at)s, %(after_id)s::uuid, %(after_device)s::uuid))
order by armed_at desc, claim_id desc, device_id desc
limit %(limit)s
