-- A part of verdicts.sql and arm.sql: the scenarios and organisations that are switched off now;
-- null means all.
select latest.scenario_type, latest.organisation_id
from (
  select distinct on (s.scenario_type, s.organisation_id) s.scenario_type, s.organisation_id, s.turned
  from rekindle.switch s
  order by s.scenario_type, s.organisation_id, s.switch_id desc
) latest
where latest.turned = 'off'
