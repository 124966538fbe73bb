-- In: since.
-- Out: (scenario_type, reason, people): how often people who were due were not claimed since then.
-- Each run counts a person again.
-- The names are walked one by one, so that the index on (scenario_type, at) finds the runs since
-- then, however many there were before.
-- Locks: none.
with recursive name as (
  select min(scenario_type) as scenario_type from rekindle.run_scenario
  union all
  select (select min(s.scenario_type) from rekindle.run_scenario s where s.scenario_type > name.scenario_type)
  from name
  where name.scenario_type is not null
)
select name.scenario_type, refusal.key as reason, sum(refusal.value::bigint)::bigint as people
from name
join rekindle.run_scenario s on s.scenario_type = name.scenario_type and s.at >= %(since)s
cross join lateral jsonb_each_text(s.refusals) as refusal
group by name.scenario_type, refusal.key
order by name.scenario_type, people desc, refusal.key
