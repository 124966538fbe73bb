-- A part of verdicts.sql and arm.sql: people who opted out of a scenario, or of every one
-- (scenario_type null).
select p.user_id, p.scenario_type from rekindle_source.preference p where p.opted_out
