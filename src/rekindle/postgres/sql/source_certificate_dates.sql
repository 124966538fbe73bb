-- In: nothing.
-- Out: the number of certificates whose date means "never" at one of its ends: that expire in more
-- than a hundred years, and the last of these days; and that expired before 1970-01-02.
-- Locks: none.
select count(*) filter (where c.expires_on > far.on_day) as ahead,
       max(c.expires_on) filter (where c.expires_on > far.on_day)::text as farthest_on,
       count(*) filter (where c.expires_on < '1970-01-02') as never
from rekindle_source.certification c
cross join (select (rekindle.local_day(rekindle.clock(), 'UTC') + interval '100 years')::date as on_day) far
