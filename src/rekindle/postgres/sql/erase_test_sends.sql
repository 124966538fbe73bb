-- In: user_id.
-- Out: one row per scenario and version: `rows`, the test pushes deleted; `latest_at`, when the
-- last of those that may have been accepted was sent.
-- Locks: the test pushes, in key order.
with held as materialized (
  select test_id from rekindle.test_send
  where user_id = %(user_id)s::uuid
  order by test_id
  for update
),
gone as (
  delete from rekindle.test_send t using held
  where t.test_id = held.test_id
  returning t.scenario_type, t.scenario_version, t.outcome, t.sent_at
)
select scenario_type, scenario_version, count(*) as rows, max(sent_at) filter (where outcome <> 'refused') as latest_at
from gone
group by scenario_type, scenario_version
order by scenario_type, scenario_version
