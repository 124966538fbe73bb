-- A part of arm.sql: the units whose event is gone, was moved, or has begun since the claim. The
-- texts say when it begins, so an event that was moved by a minute is claimed anew. Of a digest,
-- every event counts. The variables have the beginning of the first one; the name of each has its
-- own, because an occurrence that is not spent has a new name (candidates.sql).
select distinct unit.claim_id, unit.device_id, 'no_longer_due' as reason
from unit
cross join lateral unnest(array_prepend(unit.occurrence, unit.other_occurrences))  -- mutant: digest-looks-at-each-event
  with ordinality as covered (occurrence, place)
where unit.kind = 'event'
  and not exists (
    select from rekindle_source.event e
    where e.user_id = any (%(user_ids)s::uuid[]) and e.user_id = unit.user_id
      and case when covered.place = 1
               then e.event_id::text = unit.variables ->> 'event_id'
                    and to_jsonb(e.starts_at) = unit.variables -> 'starts_at'  -- mutant: event-moved
               else starts_with(covered.occurrence, 'event:' || e.event_id || ':'
                      || to_char(timezone('UTC', e.starts_at), 'YYYY-MM-DD"T"HH24:MI:SS"Z:"')) end
      and e.starts_at > unit.at  -- mutant: event-begun
  )
