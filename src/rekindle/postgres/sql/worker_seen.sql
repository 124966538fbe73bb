-- In: worker_id, host, release, configuration.
-- Out: others, the live workers whose configuration differs. Says that this worker is alive.
-- prune_rest.sql forgets those that were not seen for a day.
with seen as (
  insert into rekindle.worker (worker_id, host, release, configuration)
  values (%(worker_id)s, %(host)s, %(release)s, %(configuration)s)
  on conflict (worker_id) do update set seen_at = excluded.seen_at
)
select host from rekindle.worker
where seen_at > rekindle.clock() - interval '30 seconds' and configuration <> %(configuration)s
order by host, worker_id
