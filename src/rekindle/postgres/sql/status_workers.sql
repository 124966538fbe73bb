-- In: lost_seconds.
-- Out: the workers that are alive, oldest first.
select worker_id, host, release, configuration, started_at, seen_at
from rekindle.worker
where seen_at > rekindle.clock() - make_interval(secs => %(lost_seconds)s)
order by started_at, worker_id
