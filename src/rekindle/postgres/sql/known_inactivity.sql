-- A part of explain.sql: when the person (c) was active last, due or not; as candidates_inactivity.sql counts.
select jsonb_build_object(
         'last_activity_on', last.local_on,
         'days', rekindle.local_day(%(at)s::timestamptz, coalesce(c.zone, 'UTC')) - last.local_on)
from (
  select rekindle.local_day(case when isfinite(max(a.activity_date)) then max(a.activity_date) end,
                            coalesce(c.zone, 'UTC')) as local_on
  from rekindle_source.activity a where a.user_id = c.user_id
) last
