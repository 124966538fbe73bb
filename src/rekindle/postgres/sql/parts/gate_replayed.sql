-- A part of verdicts.sql in a replay of the past, instead of gate.sql: the cooldowns that are not
-- over. Nothing is in flight, and a gate that is open is as good as none. A person has at most one
-- row, because only who has none is claimed.
-- FULL JOIN only to rule out a nested loop: the planner cannot know how many cooldowns there are.
full join (
  select replayed.user_id, replayed.next_at, null::uuid as inflight
  from pg_temp.rekindle_replayed replayed
  where replayed.scenario_type = %(scenario_type)s and replayed.next_at > %(at)s::timestamptz  -- mutant: replayed-cooldown
) gate on gate.user_id = person.user_id
