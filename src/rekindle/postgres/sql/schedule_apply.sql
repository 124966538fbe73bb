-- In: arrays of scenario_types, crons and timezones: the schedules of the configuration; arrays
-- renamed and earlier: each scenario that was renamed, with each of its other names.
-- Out: nothing. They become the schedules in force, and all others are removed. A schedule that is
-- new or has changed begins now: no earlier instant is due. That of a scenario under a new name
-- goes on where it was.
-- Locks: the rows, after apply_lock.sql.
with gone as (
  delete from rekindle.schedule where scenario_type <> all (%(scenario_types)s::text[])
)
insert into rekindle.schedule as s (scenario_type, cron, timezone, since, last_at)
select t.scenario_type, t.cron, t.timezone, coalesce(former.since, moment.at), coalesce(former.last_at, moment.at)
from unnest(%(scenario_types)s::text[], %(crons)s::text[], %(timezones)s::text[]) as t (scenario_type, cron, timezone)
cross join (select rekindle.clock() as at) moment
left join lateral (
  select f.since, f.last_at
  from unnest(%(renamed)s::text[], %(earlier)s::text[]) as name (scenario_type, earlier)
  join rekindle.schedule f on f.scenario_type = name.earlier
  where name.scenario_type = t.scenario_type and (f.cron, f.timezone) = (t.cron, t.timezone)  -- mutant: schedule-goes-on
  order by f.last_at desc
  limit 1
) former on true
order by t.scenario_type
on conflict (scenario_type) do update
set cron = excluded.cron, timezone = excluded.timezone, since = excluded.since, last_at = excluded.last_at, skipped = 0
where (s.cron, s.timezone) is distinct from (excluded.cron, excluded.timezone)
