-- In: seed, recipients, at. Zero to three per mentor, from 200 days ago to 700 days ahead. Four in
-- a hundred expire exactly on a day on which reminders are due, in the time zone of Oslo, where
-- most mentors are.
insert into programme.certificates (id, mentor_id, title, valid_until)
select pg_temp.identity(%(seed)s, 'certificate', n * 4 + c),
       pg_temp.identity(%(seed)s, 'mentor', n),
       (array['First aid', 'Peer support', 'Safeguarding', 'Confidentiality', 'Conversation skills'])
         [1 + mod(floor(5 * pg_temp.draw(%(seed)s, 'title', n))::int + c, 5)],
       (coalesce(%(at)s::timestamptz, now()) at time zone 'Europe/Oslo')::date
         + coalesce(case when c = 1 then reminder.days end,
                    floor(-200 + 901 * pg_temp.draw(%(seed)s, 'valid', n * 4 + c))::int)
from generate_series(1, %(recipients)s::bigint) as n
cross join lateral (
  select pg_temp.draw(%(seed)s, 'certificates', n) as u,
         case pg_temp.place(%(seed)s, 'reminder', n, 100)
           when 0 then 0 when 25 then 1 when 50 then 7 when 75 then 30 end as days
) as reminder
cross join lateral generate_series(1, case when u < 0.35 and days is null then 0
                                           when u < 0.7 then 1 when u < 0.9 then 2 else 3 end) as c
