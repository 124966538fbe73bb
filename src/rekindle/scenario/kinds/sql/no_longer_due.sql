-- A part of arm.sql: the units that the query of `still_due` does not return any more. The queries
-- ran just before, one for each scenario that has one. A row without an occurrence means every
-- occurrence of the person. Of a digest, every occurrence counts.
select distinct unit.claim_id, unit.device_id, 'no_longer_due' as reason
from unit
cross join lateral unnest(array_prepend(unit.occurrence, unit.other_occurrences)) as covered (occurrence)
where unit.scenario_type = any (%(looked_at)s::text[])
  and not exists (
    select
    from unnest(%(still_scenario_types)s::text[], %(still_user_ids)s::uuid[], %(still_occurrences)s::text[])
      as still (scenario_type, user_id, occurrence)
    where still.scenario_type = unit.scenario_type and still.user_id = unit.user_id
      and coalesce(still.occurrence = covered.occurrence, true)  -- mutant: still-this-occurrence
  )
