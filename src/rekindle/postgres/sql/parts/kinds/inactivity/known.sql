-- A part of explain.sql: the day of the person's last activity, due or not; counted as in
-- candidates.sql.
select jsonb_build_object(
         'last_activity_on', last_activity.local_on,
         'days', rekindle.local_day(%(at)s::timestamptz, coalesce(person.zone, 'UTC')) - last_activity.local_on)
from (
  select rekindle.local_day(case when isfinite(max(a.activity_date)) then max(a.activity_date) end,
                            coalesce(person.zone, 'UTC')) as local_on
  from rekindle_source.activity a where a.user_id = person.user_id
) last_activity
