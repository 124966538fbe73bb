-- A part of verdicts.sql and explain.sql instead of gate.sql, if the scenario was renamed: the
-- gates of a person under all of its names as one. A claim that is live under an earlier name is in
-- flight, and the latest cooldown counts. No claim is made under an earlier name any more
-- (claim_name.sql), so a gate of one that is open stays open.
left join lateral (
  select max(g.next_at) as next_at,
         (array_agg(g.inflight) filter (where g.inflight is not null))[1] as inflight  -- mutant: renamed-in-flight
  from rekindle.gate g
  where g.user_id = person.user_id and g.scenario_type = any (%(names)s::text[])  -- mutant: renamed-gate
) gate on true
