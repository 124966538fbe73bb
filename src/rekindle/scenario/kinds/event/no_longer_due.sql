-- A part of arm.sql: the units whose event is gone, was moved, or has begun since the claim. The
-- texts say when it begins, so an event that was moved by a minute is claimed anew.
select unit.claim_id, unit.device_id, 'no_longer_due' as reason
from unit
where unit.kind = 'event'
  and not exists (
    select from rekindle_source.event e
    where e.user_id = any (%(user_ids)s::uuid[]) and e.user_id = unit.user_id
      and e.event_id::text = unit.variables ->> 'event_id'
      and to_jsonb(e.starts_at) = unit.variables -> 'starts_at'  -- mutant: event-moved
      and e.starts_at > unit.at  -- mutant: event-begun
  )
