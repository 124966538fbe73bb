-- In: claim_id.
-- Out: settled, the number of units. An operator knows that the unknown units of this claim were
-- not sent. They end dead, and their occurrence is not spent. The gate opens at once, unless
-- another device of the claim was reached.
-- Locks: units, then the gate. settle_lock.sql has taken them all already, so this statement does
-- not wait and reads no row from before a wait.
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
free as (   -- its gate, unless another claim is under way
  select g.user_id, g.scenario_type, p.held, p.cooldown_seconds
  from person p
  join rekindle.gate g on g.user_id = p.user_id and g.scenario_type = p.scenario_type
  where g.inflight is null or g.inflight = %(claim_id)s
),
-- The gate stays closed if a notification or an unknown send of another claim may be the reason for
-- its next_at.
opened as (
  update rekindle.gate g
  set next_at = rekindle.next_at(g.next_at, f.cooldown_seconds, false),
      inflight = case when (select count(*) from rekindle.outbox o where o.claim_id = %(claim_id)s) <= f.held
                 then null else g.inflight end
  from free f
  where g.user_id = f.user_id and g.scenario_type = f.scenario_type
    and not exists (select from rekindle.scenario_notification n
                    where n.user_id = g.user_id and n.scenario_type = g.scenario_type
                      and n.dispatched_at > rekindle.clock() - make_interval(secs => f.cooldown_seconds))
    and not exists (select from rekindle.outcome x
                    where x.user_id = g.user_id and x.scenario_type = g.scenario_type
                      and x.outcome in ('unknown', 'held_out')
                      and x.claim_id <> %(claim_id)s
                      and x.at > rekindle.clock() - make_interval(secs => f.cooldown_seconds))
),
-- The cap kept counting this claim while it was unknown, also after its gate was freed. Stop
-- counting it, unless another of its devices is recorded or still live.
uncounted as (
  update rekindle.cap k set counted = k.counted - %(claim_id)s::text
  from person p
  where k.user_id = p.user_id and k.counted ? %(claim_id)s::text
    and not exists (select from rekindle.scenario_notification n where n.id = %(claim_id)s)
    and (select count(*) from rekindle.outbox o where o.claim_id = %(claim_id)s) <= p.held
)
select coalesce((select units from person), 0) as settled
