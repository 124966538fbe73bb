-- In: nothing.
-- Out: an index on the temporary records of a replay, by the moment at which a person was found
-- due. The ledger has none, because each push would pay for it. A replay asks at each of its ticks
-- what a person was sent since their last activity. Without the index it would read all that the
-- person was sent since the first tick.
create index on pg_temp.scenario_notification (
  user_id, scenario_type, (coalesce(cooldown_window_start, dispatched_at)))
