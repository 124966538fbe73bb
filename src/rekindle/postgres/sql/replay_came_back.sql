-- In: scenario_type; names, all that it has or had; horizon_seconds, ends. The ledger is read as it
-- is: what really was sent.
-- Out: one row about the people whose first simulated push has its horizon, and a day for late
-- entries, behind it. `nudged`: those who really had a push of this scenario within a horizon of
-- that moment; of them nothing is said. `people`: the others. `came_back`: those of the others who
-- were active within the horizon.
with first as (
  select distinct on (replayed.user_id) replayed.user_id, replayed.at, replayed.zone
  from pg_temp.rekindle_replayed replayed
  where replayed.counted and replayed.scenario_type = %(scenario_type)s
  order by replayed.user_id, replayed.at
),
judged as (
  select exists (
           select from rekindle.scenario_notification n
           where n.user_id = first.user_id and n.scenario_type = any (%(names)s::text[])
             and n.dispatched_at > first.at - make_interval(secs => %(horizon_seconds)s)
             and n.dispatched_at <= first.at + make_interval(secs => %(horizon_seconds)s)
         ) as nudged,
         exists (
           select from rekindle_source.activity a
           where a.user_id = first.user_id
             and a.activity_date >= first.at - interval '2 days'
             and a.activity_date <= first.at + make_interval(secs => %(horizon_seconds)s) + interval '2 days'
             and rekindle.back_at(a.activity_date, first.at, %(horizon_seconds)s::bigint, first.zone) is not null
         ) as came_back
  from first
  where first.at < %(ends)s::timestamptz - make_interval(secs => %(horizon_seconds)s + 86400)  -- mutant: replayed-horizon
)
select count(*) filter (where judged.nudged) as nudged, count(*) filter (where not judged.nudged) as people,
       count(*) filter (where judged.came_back and not judged.nudged) as came_back
from judged
