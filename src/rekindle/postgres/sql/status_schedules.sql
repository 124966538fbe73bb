-- In: nothing.
-- Out: the schedules in force, by name, as schedules.sql, each with the last run of its last
-- instant: run_id, status, halted_by and attempt; null if that instant was skipped, or is the
-- moment at which the schedule was applied.
select s.scenario_type, s.cron, s.timezone, s.since, s.last_at, s.skipped, rekindle.clock() as now,
       tick.run_id, tick.status, tick.halted_by, tick.attempt
from rekindle.schedule s
left join lateral (
  select run_id, status, halted_by, attempt
  from rekindle.run
  where due_at = s.last_at and s.scenario_type = any (string_to_array(split_part(request_key, ':', 2), '+'))
  order by attempt desc
  limit 1
) tick on true
order by s.scenario_type
