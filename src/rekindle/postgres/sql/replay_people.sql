-- In: scenario_type, since.
-- Out: `own` and `total`: how many different people a replay nudged since then, of this scenario
-- and of all. As guard_people.sql, of the replay.
select count(distinct replayed.user_id) filter (where replayed.scenario_type = %(scenario_type)s) as own,
       count(distinct replayed.user_id) as total
from pg_temp.rekindle_replayed replayed
where replayed.at > %(since)s::timestamptz
