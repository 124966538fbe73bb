-- In: nothing.
-- Out: the number of activities that lie ahead, and the last of their days; and the number of those
-- whose date means "never". These do not count as activity (rekindle.happened). It reads every
-- activity once.
-- Locks: none.
select count(*) filter (where a.activity_date >= '1970-01-02') as ahead,
       max(a.activity_date)::date::text as farthest_on,
       count(*) filter (where a.activity_date < '1970-01-02') as never
from rekindle_source.activity a
where not rekindle.happened(a.activity_date, rekindle.clock(), 'UTC')
