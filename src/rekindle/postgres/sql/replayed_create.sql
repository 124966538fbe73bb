-- In: nothing.
-- Out: a temporary table for the people that a replay of the past nudges: one row per person,
-- scenario and tick. It is dropped at the end of the transaction.
create temporary table rekindle_replayed (
  user_id       uuid not null,
  scenario_type text not null,
  at            timestamptz not null,
  counted       boolean not null,    -- within the time that is asked about
  hour          integer not null,    -- of the day, where the person lives
  zone          text not null,
  primary key (user_id, scenario_type, at)
) on commit drop
