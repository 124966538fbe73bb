-- In: organisations, those that the reader is limited to (null: all).
-- Out: the latest state of every switch that was ever turned, newest first.
select scenario_type, organisation_id, turned, reason, switched_at, switched_by
from (
  select distinct on (s.scenario_type, s.organisation_id) s.*
  from rekindle.switch s
  where %(organisations)s::uuid[] is null or s.organisation_id = any (%(organisations)s::uuid[])  -- mutant: own-switches
  order by s.scenario_type, s.organisation_id, s.switch_id desc
) latest
order by switch_id desc
