-- In: nothing.
-- Out: the version in force of every scenario that is not retired, with its fingerprint, in order
-- of priority and name. For the last run that evaluated it (null: none yet): `started_at`, and
-- `numbers`, its row of run_scenario as an object. `passed_over`: the last run that tried could not
-- evaluate it, so the next one begins with it. `earlier`: its other names, if it was renamed.
select v.scenario_type, v.version, v.definition, v.fingerprint, v.applied_at, v.applied_by, latest.started_at,
       latest.numbers, coalesce(tried.passed_over, false) as passed_over,
       array(select other.name
             from rekindle.renamed() as mine
             join rekindle.renamed() as other on other.identity = mine.identity and other.name <> mine.name
             where mine.name = v.scenario_type
             order by other.name) as earlier
from (
  select distinct on (scenario_type) *
  from rekindle.scenario order by scenario_type, version desc
) v
left join lateral (
  select r.started_at, to_jsonb(s) as numbers
  from rekindle.run_scenario s
  join rekindle.run r on r.run_id = s.run_id
  where s.scenario_type = v.scenario_type and s.evaluated > 0
  order by s.at desc limit 1
) latest on true
left join lateral (
  select s.fault is not null as passed_over
  from rekindle.run_scenario s
  where s.scenario_type = v.scenario_type and (s.fault is not null or s.evaluated > 0)
  order by s.at desc limit 1
) tried on true
where not v.retired
order by (v.definition ->> 'priority')::int desc, v.scenario_type
