-- In: arrays of claim_ids, device_ids, epochs, reasons, for requests that may have been accepted;
-- hold_seconds, resend_seconds.
-- Out: held, the number of units. They change from dispatching to unknown, and from then on can
-- only end recorded or unknown. Exception: where the scenario says uncertain = "resend", the first
-- such send waits to be sent once more. It has the same claim id, so it replaces the first copy on
-- the device. It is marked `uncertain` and still ends recorded or unknown.
-- Locks: units.
with doubtful as materialized (
  select * from unnest(%(claim_ids)s::uuid[], %(device_ids)s::uuid[], %(epochs)s::bigint[], %(reasons)s::text[])
    as t (claim_id, device_id, epoch, reason)
  order by claim_id, device_id  -- mutant: order-of-units
),
mine as materialized (
  select unit.claim_id, unit.device_id, unit.again, d.reason
  from doubtful d
  cross join lateral (   -- as in arm.sql
    select o.claim_id, o.device_id,
           o.resend
           and o.attempts < 2  -- mutant: sent-twice-at-most
           as again
    from rekindle.outbox o
    where o.claim_id = d.claim_id and o.device_id = d.device_id and o.state = 'dispatching'
      and o.epoch = d.epoch  -- mutant: epoch
    for update   -- mutant: lock
  ) unit
),
held as (
  update rekindle.outbox o
  set state = case when mine.again then 'retry' else 'unknown' end, uncertain = true, reason = mine.reason,
      owner = case when mine.again then null else o.owner end,
      lease_until = case when mine.again then null else rekindle.clock() + make_interval(secs => %(hold_seconds)s) end,
      next_try_at = case when mine.again then rekindle.clock() + make_interval(secs => %(resend_seconds)s)
                    else o.next_try_at end
  from mine
  where o.claim_id = mine.claim_id and o.device_id = mine.device_id
  returning 1
)
select count(*) as held from held
