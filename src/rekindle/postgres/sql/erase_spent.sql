-- In: user_id.
-- Out: rows, the number of occurrences deleted. Their pushes are forgotten with them.
-- Locks: the occurrences, in key order, after the records and outcomes: a prune that is moving one
-- of those here at this moment has committed by then.
with held as materialized (
  select scenario_type, occurrence from rekindle.spent
  where user_id = %(user_id)s::uuid
  order by scenario_type, occurrence
  for update
),
gone as (
  delete from rekindle.spent s using held
  where s.user_id = %(user_id)s::uuid and s.scenario_type = held.scenario_type and s.occurrence = held.occurrence
  returning 1
)
select count(*) as rows from gone
