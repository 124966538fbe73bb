-- A part of arm.sql: whether the person was active after the day since which the nudge calls them inactive. The first
-- condition is for the index, with a day's margin for time zones; the second decides.
    select true as again from rekindle_source.activity a
    where (u.inactive_since_on is null) is false and a.user_id = u.user_id and a.activity_date >= u.inactive_since_on - 1
      and rekindle.local_day(a.activity_date, coalesce(u.timezone, 'UTC')) > u.inactive_since_on
