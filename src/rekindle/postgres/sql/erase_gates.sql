-- In: user_id.
-- Out: rows, the number of gates deleted. The cooldowns of the person are forgotten with them.
-- Locks: the gates, in key order, after the units.
with held as materialized (
  select user_id, scenario_type from rekindle.gate
  where user_id = %(user_id)s::uuid
  order by scenario_type
  for update
),
gone as (
  delete from rekindle.gate g using held
  where g.user_id = held.user_id and g.scenario_type = held.scenario_type
  returning 1
)
select count(*) as rows from gone
