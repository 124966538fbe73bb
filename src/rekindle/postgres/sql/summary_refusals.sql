-- In: within_seconds.
-- Out: (since, at, scenario_type, reason, people): how often people who were due were not claimed
-- since then. Each run counts a person again. One row without a scenario if there is none.
-- Locks: none.
select moment.since, moment.at, refused.scenario_type, refused.reason, refused.people
from (
  select rekindle.clock() - make_interval(secs => %(within_seconds)s) as since, rekindle.clock() as at
) moment
left join lateral (
  select s.scenario_type, refusal.key as reason, sum(refusal.value::bigint)::bigint as people
  from rekindle.run_scenario s
  cross join lateral jsonb_each_text(s.refusals) as refusal
  where s.at >= moment.since
  group by 1, 2
) refused on true
order by refused.scenario_type, refused.people desc, refused.reason
