-- A part of arm.sql: the units whose day is over where the person is, or is another day in the view
-- by now. The name of the column is read from the scenario that claimed. The row is read as JSON:
-- the column may be gone by now.
select unit.claim_id, unit.device_id, 'no_longer_due' as reason
from unit
cross join lateral (
  select coalesce(unit.timezone, 'UTC') as zone
) wall
where unit.kind = 'date'
  and case when unit.kind = 'date' then
    rekindle.local_day(unit.at, wall.zone) > (unit.variables ->> 'date')::date  -- mutant: day-is-over
    or not exists (
      select
      from rekindle_source.recipient r
      join rekindle.scenario claiming
        on claiming.scenario_type = unit.scenario_type and claiming.version = unit.scenario_version
      cross join lateral (
        select rekindle.day_of(rekindle.columns_of(r.*) ->> (claiming.definition ->> 'on'), wall.zone) as first_on
      ) day
      where r.user_id = unit.user_id
        and (unit.variables ->> 'date')::date in (
          rekindle.yearly(day.first_on, (unit.variables ->> 'years')::int, 'feb-28'),
          rekindle.yearly(day.first_on, (unit.variables ->> 'years')::int, 'mar-1'))
    ) end
