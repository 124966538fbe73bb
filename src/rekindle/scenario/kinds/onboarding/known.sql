-- A part of explain.sql: whether the person was ever active, and the day of joining (null: none
-- that counts), due or not; counted as in candidates.sql.
select jsonb_build_object(
         'active', exists (
           select from rekindle_source.activity a
           where a.user_id = person.user_id
             and rekindle.happened(a.activity_date, %(at)s::timestamptz, wall.zone)),
         'joined_on', joined.local_on,
         'days', rekindle.local_day(%(at)s::timestamptz, wall.zone) - joined.local_on)
from (
  select coalesce(person.zone, 'UTC') as zone
) wall
left join lateral (
  select rekindle.local_day(r.joined_at, wall.zone) as local_on
  from rekindle_source.recipient r
  where r.user_id = person.user_id and rekindle.happened(r.joined_at, %(at)s::timestamptz, wall.zone)
  order by r.organisation_id is distinct from person.organisation_id, r.joined_at
  limit 1
) joined on true
