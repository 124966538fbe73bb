-- In: scenario_types.
-- Out: (scenario_type, still_due) of those of these scenarios that have a query for the last look
-- before sending. The version in force counts, so that a corrected query is used for what waits.
-- Locks: none.
-- Never: a write.
select latest.scenario_type, latest.definition ->> 'still_due' as still_due
from (
  select distinct on (v.scenario_type) v.scenario_type, v.definition
  from rekindle.scenario v
  where v.scenario_type = any (%(scenario_types)s::text[])
  order by v.scenario_type, v.version desc
) latest
where latest.definition ->> 'still_due' is not null
order by latest.scenario_type
