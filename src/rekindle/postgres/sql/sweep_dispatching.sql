-- In: hold_seconds, resend_seconds.
-- Out: swept. Armed units whose lease has expired. Their worker crashed or froze during the
-- request, so the push may have been sent. They change from dispatching to unknown, never back to
-- claimed. Where the scenario says so, they are sent once more (see hold.sql).
-- Locks: the units, in key order, skipping locked ones.
with lost as (
  select claim_id, device_id,
         resend
         and attempts < 2  -- mutant: sent-twice-at-most
         as again
  from rekindle.outbox
  where state = 'dispatching' and lease_until < rekindle.clock()
  order by claim_id, device_id
  for update skip locked   -- mutant: lock
),
held as (
  update rekindle.outbox o
  set state = case when lost.again then 'retry' else 'unknown' end,  -- mutant: never-given-back
      uncertain = true, reason = 'worker_lost',
      owner = case when lost.again then null else o.owner end,
      lease_until = case when lost.again then null else rekindle.clock() + make_interval(secs => %(hold_seconds)s) end,
      next_try_at = case when lost.again then rekindle.clock() + make_interval(secs => %(resend_seconds)s)
                    else o.next_try_at end
  from lost where o.claim_id = lost.claim_id and o.device_id = lost.device_id
  returning 1
)
select count(*) as swept from held
