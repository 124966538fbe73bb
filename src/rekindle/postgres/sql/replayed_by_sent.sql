-- In: nothing.
-- Out: an index on the people that a replay nudges, for those of the last days.
create index on pg_temp.rekindle_replayed (sent_at)
