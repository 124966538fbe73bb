-- In: user_id.
-- Out: one row per scenario and version: `rows`, the outcomes deleted; `latest_at`, when the last
-- of those that may have been accepted was closed.
-- Locks: the outcomes, in key order. It waits for a late answer that is turning one into a record,
-- so erase_records.sql sees that record.
with held as materialized (
  select claim_id, device_id from rekindle.outcome
  where user_id = %(user_id)s::uuid
  order by claim_id, device_id
  for update
),
gone as (
  delete from rekindle.outcome x using held
  where x.claim_id = held.claim_id and x.device_id = held.device_id
  returning x.scenario_type, x.scenario_version, x.outcome, x.at
)
select scenario_type, scenario_version, count(*) as rows, max(at) filter (where outcome = 'unknown') as latest_at
from gone
group by scenario_type, scenario_version
order by scenario_type, scenario_version
