-- In: run_id, scenario_types, organisations (empty: all), user_id (null: all), limit,
-- lease_seconds.
-- Out: leased, the number of units that this run took over. A unit is free if a run released it, if
-- it is due for a retry, or if the lease of its run expired before it was armed (so it was
-- certainly not sent). The epoch rises, so a write by the former owner changes nothing.
-- Locks: the units taken. It skips units that other runs are taking.
-- Never: a unit in state dispatching or unknown, which may have been sent.
with free as (
  select o.claim_id, o.device_id
  from rekindle.outbox o
  where o.state in ('claimed', 'retry')  -- mutant: never-what-is-armed
    and o.next_try_at <= rekindle.clock()
    and o.give_up_at > rekindle.clock()
    and (o.owner is null or o.lease_until < rekindle.clock())  -- mutant: only-what-is-free
    and o.scenario_type = any (%(scenario_types)s::text[])
    and (%(organisations)s::uuid[] = '{}' or o.organisation_id = any (%(organisations)s::uuid[]))
    and (%(user_id)s::uuid is null or o.user_id = %(user_id)s::uuid)
  order by o.next_try_at, o.turn, o.claim_id, o.device_id
  limit %(limit)s
  for update skip locked   -- mutant: lock
),
taken as (
  update rekindle.outbox o
  set state = 'claimed', owner = %(run_id)s, run_id = %(run_id)s,
      epoch = o.epoch + 1,  -- mutant: raise-the-epoch
      lease_until = rekindle.clock() + make_interval(secs => %(lease_seconds)s)
  from free
  where o.claim_id = free.claim_id and o.device_id = free.device_id
  returning 1
)
select count(*) as leased from taken
