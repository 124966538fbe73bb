-- Out: the version in force of every scenario that is not retired, with its fingerprint, in order of priority and
-- name, and the numbers of the last run that evaluated it (null: none yet).
select v.scenario_type, v.version, v.definition, v.fingerprint, v.applied_at, v.applied_by, l.*
from (
  select distinct on (scenario_type) *
  from rekindle.scenario order by scenario_type, version desc
) v
left join lateral (
  select r.run_id, r.started_at, s.evaluated, s.not_due, s.refusals, s.claimed, s.carried, s.recorded, s.skipped, s.dead,
         s.unknown, s.pending, s.handed_over, s.pushes, s.reasons, s.confirmed
  from rekindle.run_scenario s
  join rekindle.run r on r.run_id = s.run_id
  where s.scenario_type = v.scenario_type and s.evaluated > 0
  order by s.at desc limit 1
) l on true
where not v.retired
order by (v.definition ->> 'priority')::int desc, v.scenario_type
