-- In: hold_seconds. Out: swept. Armed, and its lease is over: the worker died or froze with the request under way, so
-- it may have been sent. dispatching -> unknown, never back to claimed.
with lost as (
  select claim_id, device_id from rekindle.outbox
  where state = 'dispatching' and lease_until < rekindle.clock()
  order by claim_id, device_id
  for update skip locked
),
held as (
  update rekindle.outbox o
  set state = 'unknown', uncertain = true, reason = 'worker_lost',
      lease_until = rekindle.clock() + make_interval(secs => %(hold_seconds)s)
  from lost where o.claim_id = lost.claim_id and o.device_id = lost.device_id
  returning 1
)
select count(*) as swept from held
