-- In: scenario_types, with the earlier names of each; since, ends.
-- Out: (scenario_type, on_day, due): for each UTC day, the most people that a run of the ledger
-- found due. Runs that were limited to organisations or to one person are left out.
select r.scenario_type, (r.at at time zone 'UTC')::date as on_day, max(r.claimed + r.refused) as due
from rekindle.run_scenario r
join rekindle.run run on run.run_id = r.run_id
where r.scenario_type = any (%(scenario_types)s::text[])
  and r.at >= %(since)s::timestamptz and r.at < %(ends)s::timestamptz
  and r.fault is null and run.organisations = '{}' and r.evaluated > 1
group by 1, 2
order by 1, 2
