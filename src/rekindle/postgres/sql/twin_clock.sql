-- In: nothing.
-- Out: a temporary function that a replay of the past has in place of rekindle.clock(): the moment
-- that replay_at.sql has set.
create function pg_temp.clock() returns timestamptz language sql stable as $$
  select pg_catalog.current_setting('rekindle.at')::timestamptz
$$
