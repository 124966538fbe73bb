-- In: arrays of scenario_types, crons and timezones: the schedules of the configuration.
-- Out: nothing. They become the schedules in force, and all others are removed. A schedule that is
-- new or has changed begins now: no earlier instant is due.
-- Locks: the rows, after apply_lock.sql.
with gone as (
  delete from rekindle.schedule where scenario_type <> all (%(scenario_types)s::text[])
)
insert into rekindle.schedule as s (scenario_type, cron, timezone)
select scenario_type, cron, timezone
from unnest(%(scenario_types)s::text[], %(crons)s::text[], %(timezones)s::text[]) as t (scenario_type, cron, timezone)
order by scenario_type
on conflict (scenario_type) do update
set cron = excluded.cron, timezone = excluded.timezone, since = excluded.since, last_at = excluded.last_at, skipped = 0
where (s.cron, s.timezone) is distinct from (excluded.cron, excluded.timezone)
