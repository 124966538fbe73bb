-- In: nothing.
-- Out: a temporary table for the people that scenarios would claim. It is dropped at the end of the
-- transaction.
create temporary table rekindle_claimant (user_id uuid not null, scenario_type text not null) on commit drop
