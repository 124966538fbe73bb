-- A part of arm.sql: the units whose person was active after the day since which the nudge calls
-- them inactive. The range, with a margin of one day for time zones, is for the index. The last
-- condition decides.
select unit.claim_id, unit.device_id, 'active_again' as reason
from unit
cross join lateral (
  select
  from rekindle_source.activity a
  where unit.kind = 'inactivity' and a.user_id = unit.user_id and a.activity_date >= unit.inactive_since_on - 1
    and case when rekindle.happened(a.activity_date, unit.at, coalesce(unit.timezone, 'UTC'))
             then rekindle.local_day(a.activity_date, coalesce(unit.timezone, 'UTC')) > unit.inactive_since_on end
  limit 1
) again
