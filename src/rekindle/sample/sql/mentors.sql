-- In: seed, recipients, at. One row per recipient. The share of the k-th largest organisation is
-- proportional to ln((k + 1) / k). This is the continuous form of Zipf's law; it is used because it
-- has an inverse: (organisations + 1) ^ u.
insert into programme.mentors (id, organisation_id, chapter_id, first_name, time_zone, language, status, joined_at)
select pg_temp.identity(%(seed)s, 'mentor', n),
       pg_temp.identity(%(seed)s, 'organisation', k),
       case when pg_temp.draw(%(seed)s, 'without chapter', n) >= 0.04
            then pg_temp.identity(%(seed)s, 'chapter', k * 8::bigint + 1
                   + floor(pg_temp.chapters(%(seed)s, k)
                           * power(pg_temp.draw(%(seed)s, 'which chapter', n), 1.5))::int)
       end,
       pg_temp.choose(pg_temp.draw(%(seed)s, 'first name', n), array[
         'Aisha', 'Amina', 'Anders', 'Anne', 'Arjun', 'Astrid', 'Aylin', 'Bea', 'Bjørn', 'Carlos', 'Chloë', 'Daniel',
         'Eirik', 'Elif', 'Emma', 'Eva', 'Fatima', 'Frode', 'Grace', 'Gunnar', 'Hana', 'Håkon', 'Helene', 'Ida',
         'Ingrid', 'Ivan', 'Jamal', 'Jan-Erik', 'Jonas', 'José', 'Kari', 'Kenji', 'Lars', 'Leila', 'Linnea', 'Maja',
         'Marek', 'Maria', 'Mei', 'Mohammed', 'Nadia', 'Nils', 'Nora', 'Oda', 'Olav', 'Priya', 'Ragnhild', 'Rashid',
         'Rosa', 'Sanne', 'Siri', 'Sofia', 'Solveig', 'Tariq', 'Thandi', 'Tor', 'Turid', 'Wanjiru', 'Yusuf',
         'Øyvind']),
       case when pg_temp.place(%(seed)s, 'misspelt zone', n, 250) = 0 then 'Europe/Olso'
            when pg_temp.draw(%(seed)s, 'without zone', n) < 0.03 then null
            else zone end,
       case when pg_temp.draw(%(seed)s, 'without language', n) < 0.08 then null
            when zone in ('Europe/Oslo', 'Europe/Copenhagen')
              then pg_temp.choose(language, array['nb', 'nb', 'nb', 'nb-NO', 'nb-NO', 'nn-NO', 'en', 'pl'])
            when zone = 'Europe/Stockholm' then pg_temp.choose(language, array['sv', 'sv', 'sv-SE', 'nb', 'en'])
            else pg_temp.choose(language, array['en', 'en', 'en-GB', 'en-US', 'es', 'pt-BR', 'hi', 'ja']) end,
       case when status < 0.95 then 'active' when status < 0.985 then 'paused' else 'left' end,
       date_trunc('minute', coalesce(%(at)s::timestamptz, now()) - interval '1 second' * (
         pg_temp.away(%(seed)s, n) + pg_temp.tenure(%(seed)s, n)
         + 86400 * (1 + 40 * pg_temp.draw(%(seed)s, 'joined', n))), 'UTC')
from (
  select n, k,
         pg_temp.draw(%(seed)s, 'language', n) as language,
         pg_temp.draw(%(seed)s, 'status', n) as status,
         case when pg_temp.draw(%(seed)s, 'lives elsewhere', n) < 0.3
              then pg_temp.zone(pg_temp.draw(%(seed)s, 'zone', n))
              else pg_temp.organisation_zone(%(seed)s, k) end as zone
  from generate_series(1, %(recipients)s::bigint) as n
  cross join lateral (
    select least(pg_temp.organisations(%(recipients)s),
                 floor(power(pg_temp.organisations(%(recipients)s) + 1, pg_temp.draw(%(seed)s, 'member', n))))::bigint
  ) as organisation (k)
  offset 0  -- each draw is made once, even if it is used several times above
) as mentor
