-- In: limit.
-- Out: uncertain sends, newest first: those still held for a late answer (closed_at null), and
-- closed ones.
select claim_id, device_id, user_id, scenario_type, reason, armed_at, closed_at, attempts
from (
  select claim_id, device_id, user_id, scenario_type, coalesce(reason, 'no_answer') as reason, armed_at,
         null::timestamptz as closed_at, attempts
  from rekindle.outbox where state = 'unknown'
  union all
  select claim_id, device_id, user_id, scenario_type, reason, armed_at, at, attempts
  from rekindle.outcome where outcome = 'unknown'
) sends
order by armed_at desc nulls last, claim_id, device_id
limit %(limit)s
