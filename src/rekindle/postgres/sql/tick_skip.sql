-- In: arrays of scenario_types, crons, timezones, last_ats and skipped.
-- Out: scenario_type and skipped, for each schedule whose mark was moved past instants that are too
-- old to be caught up.
-- Locks: the schedules, in key order.
with old as (
  select * from unnest(
    %(scenario_types)s::text[], %(crons)s::text[], %(timezones)s::text[], %(last_ats)s::timestamptz[],
    %(skipped)s::bigint[]
  ) as t (scenario_type, cron, timezone, last_at, skipped)
),
locked as (
  select s.scenario_type, old.last_at, old.skipped
  from rekindle.schedule s
  join old using (scenario_type, cron, timezone)
  where s.last_at < old.last_at
  order by s.scenario_type
  for update of s
)
update rekindle.schedule s
set last_at = locked.last_at, skipped = s.skipped + locked.skipped
from locked where s.scenario_type = locked.scenario_type
returning s.scenario_type, locked.skipped
