-- In: nothing.
-- Out: a temporary table for the people that a replay of the past nudges: one row per person,
-- scenario and tick. No row is ever changed. A changed row would stay in the table, with all of its
-- versions, until the transaction ends, and each tick would read them. It is dropped at the end of
-- the transaction.
create temporary table rekindle_replayed (
  user_id       uuid not null,
  scenario_type text not null,
  at            timestamptz not null,
  sent_at       timestamptz not null,
  next_at       timestamptz not null,    -- the end of the cooldown
  counts        boolean not null,        -- under a frequency cap
  counted       boolean not null,        -- within the time that is asked about
  hour          integer not null,        -- of the day, where the person lives
  zone          text not null,
  primary key (user_id, scenario_type, at)
) on commit drop
