-- A part of explain.sql: the day of the person's last activity, due or not, and the number of
-- activities that do not count; counted as in candidates.sql.
select jsonb_build_object(
         'last_activity_on', last_activity.local_on,
         'days', rekindle.local_day(%(at)s::timestamptz, coalesce(person.zone, 'UTC')) - last_activity.local_on,
         'not_counted', last_activity.not_counted)
from (
  select rekindle.local_day(max(a.activity_date) filter (where happened.counts), coalesce(person.zone, 'UTC'))
           as local_on,
         count(*) filter (where not happened.counts) as not_counted
  from rekindle_source.activity a
  cross join lateral (
    select rekindle.happened(a.activity_date, %(at)s::timestamptz, coalesce(person.zone, 'UTC')) as counts
  ) happened
  where a.user_id = person.user_id
) last_activity
