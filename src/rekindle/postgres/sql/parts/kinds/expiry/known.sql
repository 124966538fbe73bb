-- A part of explain.sql: the person's certificate that expires next, or else the one that expired
-- last; null if they have none. Its name is left out, because texts show it.
select jsonb_build_object('certificates', count(*) over (), 'certification_id', c.certification_id::text,
                          'expires_on', c.expires_on, 'days_left', expiry.days_left)
from rekindle_source.certification c
cross join lateral (
  select c.expires_on - rekindle.local_day(%(at)s::timestamptz, coalesce(person.zone, 'UTC')) as days_left
) expiry
where c.user_id = person.user_id and isfinite(c.expires_on)
order by expiry.days_left < 0, abs(expiry.days_left), c.certification_id::text
limit 1
