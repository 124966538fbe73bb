-- In: request_key, lost_seconds.
-- Out: the last run that was requested with this key: run_id, the digest of the request, and
-- `free`, whether the key may begin another attempt, because that run is lost, abandoned or could
-- not start; no row if there is no such run.
select run_id, request_sha256,
       status in ('abandoned', 'not_started')
         or (status = 'running' and seen_at < rekindle.clock() - make_interval(secs => %(lost_seconds)s)) as free
from rekindle.run
where request_key = %(request_key)s
order by attempt desc
limit 1
