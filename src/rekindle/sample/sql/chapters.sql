-- In: seed, recipients. One to eight chapters per organisation; one in five has its own time zone.
insert into programme.chapters (id, organisation_id, name, time_zone)
select pg_temp.identity(%(seed)s, 'chapter', k * 8::bigint + c),
       pg_temp.identity(%(seed)s, 'organisation', k),
       (array['Centre', 'North', 'South', 'East', 'West', 'Coast', 'Valley', 'Online'])[c],
       case when pg_temp.draw(%(seed)s, 'chapter zone', k * 8::bigint + c) < 0.2
            then pg_temp.organisation_zone(%(seed)s, k) end
from generate_series(1, pg_temp.organisations(%(recipients)s)) as k
cross join lateral generate_series(1, pg_temp.chapters(%(seed)s, k)) as c
