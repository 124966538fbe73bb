-- A part of explain.sql: the person's certificate that expires next, or else the one that expired
-- last; null if they have none. Those that were renewed by a new row are only counted. Its name is
-- left out, because texts show it.
select jsonb_build_object('certificates', count(*) over (), 'renewed', c.renewals,
                          'certification_id', c.certification_id::text, 'expires_on', c.expires_on,
                          'days_left', expiry.days_left)
from (
  select own.*, count(*) filter (where own.renewed) over () as renewals
  from (
    select r.certification_id, r.expires_on,
           r.name is not null
           and r.expires_on < max(r.expires_on) over (partition by rekindle.same_name(r.name::text)) as renewed
    from rekindle_source.certification r
    where r.user_id = person.user_id and r.expires_on is not null
  ) own
) c
cross join lateral (
  select case when isfinite(c.expires_on)
         then c.expires_on - rekindle.local_day(%(at)s::timestamptz, coalesce(person.zone, 'UTC')) end as days_left
) expiry
where not c.renewed and isfinite(c.expires_on)
order by expiry.days_left < 0, abs(expiry.days_left), c.certification_id::text
limit 1
