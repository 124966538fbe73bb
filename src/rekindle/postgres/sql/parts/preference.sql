-- A part of verdicts.sql and arm.sql: people who opted out of one scenario, or of all
-- (scenario_type null).
select p.user_id, p.scenario_type from rekindle_source.preference p where p.opted_out
