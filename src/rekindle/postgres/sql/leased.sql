-- In: run_id, scenario_types, limit.
-- Out: units that this run has leased and not armed, most urgent first. Organisations take turns,
-- so that a large one does not use the time of a run before a small one has had its first push.
-- Locks: none. arm.sql is the fence, and a run arms the units that it read before it reads more.
select claim_id, device_id, epoch, user_id, scenario_type, scenario_version, idempotency_key,
       target_kind, target, locale, timezone, variables::text, variant, text_name, attempts, kind,
       floor(extract(epoch from give_up_at - rekindle.clock()))::int as relevant_seconds
from rekindle.outbox
where owner = %(run_id)s and state = 'claimed' and scenario_type = any (%(scenario_types)s::text[])
  and give_up_at > rekindle.clock() and lease_until > rekindle.clock()
order by priority desc,
  turn,  -- mutant: organisations-in-turn
  claim_id, device_id
limit %(limit)s
