-- A part of explain.sql: the person's next yearly day, due or not (null: none is known).
select jsonb_build_object('next_on', yearly.next_on, 'days_left', yearly.next_on - day.today,
                          'years', (date_part('year', yearly.next_on) - date_part('year', day.first_on))::int)
from (
  select rekindle.local_day(r.{on}, coalesce(person.zone, 'UTC')) as first_on,
         rekindle.local_day(%(at)s::timestamptz, coalesce(person.zone, 'UTC')) as today
  from rekindle_source.recipient r
  where r.user_id = person.user_id and r.{on} is not null
  order by r.organisation_id is distinct from person.organisation_id, r.{on}
  limit 1
) day
cross join lateral (
  select rekindle.next_yearly(day.first_on, day.today, (person.variant).leap_day) as next_on
) yearly
where day.first_on > date '0001-01-02' and date_part('year', yearly.next_on) > date_part('year', day.first_on)
