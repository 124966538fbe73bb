-- In: days, instants in order: each begins a day, and the last one ends the last day.
-- Out: for each scenario and day (0: the first) the people whose push was accepted, in order of
-- both. They are counted per run, so a person counts once per run that reached them. Days on which
-- nobody was reached have no row. A run counts on the day of its claim, once it has ended.
-- Reads the rows of runs that claimed or sent something in this time, by run_scenario_claimed_idx.
-- Locks: none.
select s.scenario_type, width_bucket(s.at, %(days)s::timestamptz[]) - 1 as day, sum(s.recorded)::bigint as people
from rekindle.run_scenario s
where (s.claimed > 0 or s.recorded > 0 or s.unknown > 0)   -- as the index says
  and s.recorded > 0
  and s.at >= (%(days)s::timestamptz[])[1]
  and s.at < (%(days)s::timestamptz[])[cardinality(%(days)s::timestamptz[])]
group by s.scenario_type, day
order by s.scenario_type, day
