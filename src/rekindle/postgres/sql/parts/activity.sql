-- A part of arm.sql: whether the person was active after the day since which the nudge calls them
-- inactive. The range, with a margin of one day for time zones, is for the index. The last
-- condition decides.
select true as again
from rekindle_source.activity a
where unit.inactive_since_on is not null and a.user_id = unit.user_id
  and a.activity_date >= unit.inactive_since_on - 1
  and rekindle.local_day(a.activity_date, coalesce(unit.timezone, 'UTC')) > unit.inactive_since_on
