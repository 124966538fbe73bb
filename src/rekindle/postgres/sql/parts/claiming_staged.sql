-- A part of guard_people.sql: the people that stage_claimants.sql has staged.
select staged.user_id, staged.scenario_type from pg_temp.rekindle_claimant staged
