-- In: nothing.
-- Out: the schedules in force, by name, each with `now`: the time that decides what is due. A
-- worker's clock decides nothing.
select scenario_type, cron, timezone, since, last_at, skipped, rekindle.clock() as now
from rekindle.schedule
order by scenario_type
