-- A part of explain.sql: the certificate of the person (c) that expires next, else the one that did last; null where there
-- is none. Its name stays out: it stands in texts.
select jsonb_build_object('certificates', count(*) over (), 'certification_id', x.certification_id::text,
                          'expires_on', x.expires_on, 'days_left', due.days_left)
from rekindle_source.certification x
cross join lateral (
  select x.expires_on - rekindle.local_day(%(at)s::timestamptz, coalesce(c.zone, 'UTC')) as days_left
) due
where x.user_id = c.user_id and isfinite(x.expires_on)
order by due.days_left < 0, abs(due.days_left), x.certification_id::text
limit 1
