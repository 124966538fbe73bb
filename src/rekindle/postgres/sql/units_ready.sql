-- In: nothing.
-- Out: ready, whether a unit that no run works on may be sent now: a retry whose wait is over, or
-- work that a run left when its budget ended.
select exists (
  select from rekindle.outbox
  where state in ('claimed', 'retry') and next_try_at <= rekindle.clock() and give_up_at > rekindle.clock()
    and (owner is null or lease_until < rekindle.clock())
) as ready
