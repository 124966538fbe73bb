-- A part of verdicts.sql in a replay of the past, instead of cap.sql: the pushes of a person that
-- still count, as of rekindle.still_counted.
-- FULL JOIN only to rule out a nested loop.
full join (
  select replayed.user_id,
         jsonb_object_agg(concat_ws(' ', replayed.scenario_type, replayed.at),
                          extract(epoch from replayed.sent_at)) as counted
  from pg_temp.rekindle_replayed replayed
  where %(capped)s::boolean and replayed.counts
    and replayed.sent_at > %(at)s::timestamptz - interval '31 days'  -- mutant: replayed-cap
  group by replayed.user_id
) cap on cap.user_id = person.user_id
