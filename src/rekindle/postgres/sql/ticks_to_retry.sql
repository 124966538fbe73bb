-- In: catch_up_seconds, lost_seconds.
-- Out: the keys of ticks whose last attempt is lost (its process died) or could not start, that are
-- younger than the catch-up window and whose wait is over, oldest first. A lost run is tried again
-- at once, then after 30 s, 90 s, 210 s and so on; a run that could not start after 30 s, 60 s, 120
-- s and so on; never more than 15 minutes.
with last as (
  select distinct on (request_key) request_key, attempt, status, due_at, seen_at, finished_at
  from rekindle.run
  where due_at > rekindle.clock() - make_interval(secs => %(catch_up_seconds)s)
  order by request_key, attempt desc
)
select request_key
from last
cross join lateral (select 30 * 2 ^ least(attempt - 1, 10) as doubled) wait
where case status
  when 'running' then seen_at < rekindle.clock() - make_interval(secs => %(lost_seconds)s)
  when 'abandoned' then finished_at < rekindle.clock() - make_interval(secs => least(900, doubled - 30))
  when 'not_started' then finished_at < rekindle.clock() - make_interval(secs => least(900, doubled))
  else false
end
order by due_at, request_key
