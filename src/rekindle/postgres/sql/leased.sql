-- In: run_id, scenario_types, limit. Out: units that this run holds and has not armed, most urgent
-- first, and the organisations in turn, so that a large one does not use up the time of a run
-- before a small one has had its first. Locks: none: arm.sql is the fence, and one run arms what it
-- read before it reads again.
select claim_id, device_id, epoch, user_id, scenario_type, scenario_version, idempotency_key,
       target_kind, target, locale, variables, variant, attempts
from rekindle.outbox
where owner = %(run_id)s and state = 'claimed' and scenario_type = any (%(scenario_types)s::text[])
  and give_up_at > rekindle.clock() and lease_until > rekindle.clock()
order by priority desc,
  turn,  -- mutant: organisations-in-turn
  claim_id, device_id
limit %(limit)s
