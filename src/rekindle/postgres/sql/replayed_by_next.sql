-- In: nothing.
-- Out: an index on the people that a replay nudges, for the cooldowns that are not over.
create index on pg_temp.rekindle_replayed (scenario_type, next_at)
