-- In: seed, recipients, at. Every activity of every mentor, ordered by time, as an application
-- would have written them. Rows ordered by mentor would make every index faster than in practice.
with mentor as materialized (
  select n, pg_temp.identity(%(seed)s, 'mentor', n) as id, pg_temp.activities(%(seed)s, n) as activities,
         pg_temp.away(%(seed)s, n) as away, pg_temp.tenure(%(seed)s, n) as tenure
  from generate_series(1, %(recipients)s::bigint) as n
)
insert into programme.activity_log (mentor_id, kind, happened_at)
select past.id,
       pg_temp.choose(pg_temp.draw(%(seed)s, 'activity', past.n * 1024 + past.k),
                      array['conversation', 'conversation', 'phone call', 'home visit', 'group meeting', 'course']),
       past.happened_at
from (
  select mentor.n, mentor.id, k,
         date_trunc('minute', coalesce(%(at)s::timestamptz, now()) - interval '1 second' * (
           mentor.away + case when k = 0 then 0 else
             mentor.tenure * (k - pg_temp.draw(%(seed)s, 'when', mentor.n * 1024 + k)) / mentor.activities end),
           'UTC') as happened_at
  from mentor
  cross join lateral generate_series(0, mentor.activities - 1) as k
) as past
order by past.happened_at, past.n, past.k
