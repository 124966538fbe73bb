-- A part of arm.sql: the units whose person has fewer activities than the mark by now, or whose
-- amounts add up to less. The people's activities are read once, because this kind does not need an
-- index by person.
select unit.claim_id, unit.device_id, 'no_longer_due' as reason
from unit
left join (
  select a.user_id, count(*) as activities, sum({kinds/milestone/amount}) as total
  from rekindle_source.activity a
  where a.user_id = any (%(user_ids)s::uuid[])
    and rekindle.happened(a.activity_date, (select rekindle.clock()), 'UTC')
  group by a.user_id
) counted on counted.user_id = unit.user_id
where unit.kind = 'milestone'
  -- CASE, because the variable may be anything in a unit of another kind.
  and case when unit.kind = 'milestone'
      then case when starts_with(unit.occurrence, 'milestone:sum:')  -- mutant: sum-by-now
                then coalesce(counted.total, 0) else coalesce(counted.activities, 0) end
           < (unit.variables ->> 'mark')::int end
