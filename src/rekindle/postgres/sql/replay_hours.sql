-- In: nothing.
-- Out: (scenario_type, hour, people): at which hour of the day, where they live, a replay nudged
-- people in the time that is asked about.
select replayed.scenario_type, replayed.hour, count(*) as people
from pg_temp.rekindle_replayed replayed
where replayed.counted
group by replayed.scenario_type, replayed.hour
order by replayed.scenario_type, replayed.hour
