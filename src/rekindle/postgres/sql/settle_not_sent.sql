-- In: claim_id. Out: settled. An operator knows that the unknown units of this claim were not sent:
-- they end dead, their occurrence is not spent, and unless another device of the claim was reached,
-- the gate opens at once. Locks: units, then the gate; settle_lock.sql has them all already, so
-- that nothing here is read from before a wait.
with held as (
  delete from rekindle.outbox o
  where o.claim_id = %(claim_id)s and o.state = 'unknown'
  returning o as unit, rekindle.clock() as at   -- a column: see rekindle.ended
),
moved as (
  insert into rekindle.outcome
  select ending.*
  from held h
  cross join lateral rekindle.ended(h.unit, 'dead', 'settled_not_sent', (h.unit).run_id, h.at) ending
  returning user_id, scenario_type, cooldown_seconds
),
changed as (
  update rekindle.outcome x
  set outcome = 'dead', reason = 'settled_not_sent'
  where x.claim_id = %(claim_id)s and x.outcome = 'unknown'
  returning user_id, scenario_type, cooldown_seconds
),
person as (
  select user_id, scenario_type, cooldown_seconds, count(*) over () as units, (select count(*) from held) as held
  from (select * from moved union all select * from changed) settled
  limit 1
),
locked as (
  select g.user_id, g.scenario_type, p.held, p.cooldown_seconds
  from person p
  join rekindle.gate g on g.user_id = p.user_id and g.scenario_type = p.scenario_type
  where g.inflight is null or g.inflight = %(claim_id)s
  for update of g
),
-- A later claim's gate is left alone: a notification or an unknown send of another claim may stand
-- behind next_at.
opened as (
  update rekindle.gate g
  set next_at = rekindle.next_at(g.next_at, l.cooldown_seconds, false),
      inflight = case when (select count(*) from rekindle.outbox o where o.claim_id = %(claim_id)s) <= l.held
                 then null else g.inflight end
  from locked l
  where g.user_id = l.user_id and g.scenario_type = l.scenario_type
    and not exists (select from rekindle.scenario_notification n
                    where n.user_id = g.user_id and n.scenario_type = g.scenario_type
                      and n.dispatched_at > rekindle.clock() - make_interval(secs => l.cooldown_seconds))
    and not exists (select from rekindle.outcome x
                    where x.user_id = g.user_id and x.scenario_type = g.scenario_type and x.outcome = 'unknown'
                      and x.claim_id <> %(claim_id)s
                      and x.at > rekindle.clock() - make_interval(secs => l.cooldown_seconds))
),
-- A claim whose gate was let go of while its send was unknown has been counted ever since. One of
-- which another device may still be sent to goes on being counted.
uncounted as (
  update rekindle.cap k set counted = k.counted - %(claim_id)s::text
  from person p
  where k.user_id = p.user_id and k.counted ? %(claim_id)s::text
    and not exists (select from rekindle.scenario_notification n where n.id = %(claim_id)s)
    and (select count(*) from rekindle.outbox o where o.claim_id = %(claim_id)s) <= p.held
)
select coalesce((select units from person), 0) as settled
