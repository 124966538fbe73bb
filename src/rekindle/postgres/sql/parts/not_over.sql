-- A part of verdicts.sql and explain.sql: the scenario has not ended where the person lives.
-- Without a time zone, the day is that of UTC. No day begins more than 14 hours earlier than in
-- UTC. So until a day before the first end of all variants, one comparison decides for everybody.
(%(at)s::timestamptz < timezone('UTC', %(first_until_on)s::date - interval '1 day')
 or coalesce(rekindle.local_day(%(at)s::timestamptz, coalesce(found.zone, 'UTC')) < (found.variant).until_on, true))  -- mutant: until
