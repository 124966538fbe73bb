-- In: arrays of scenario_types, crons, timezones and last_ats: schedules that are overdue, as they
-- were read.
-- Out: scenario_type of each that this call was first to report. A schedule is reported once for
-- each mark after which it is overdue.
-- Locks: the schedules, in key order.
with late as (
  select * from unnest(%(scenario_types)s::text[], %(crons)s::text[], %(timezones)s::text[],
                       %(last_ats)s::timestamptz[])
    as t (scenario_type, cron, timezone, last_at)
),
locked as (
  select s.scenario_type
  from rekindle.schedule s
  join late using (scenario_type, cron, timezone, last_at)
  where s.overdue_after is distinct from s.last_at   -- mutant: overdue-once
  order by s.scenario_type
  for update of s
)
update rekindle.schedule s
set overdue_after = s.last_at
from locked where s.scenario_type = locked.scenario_type
returning s.scenario_type
