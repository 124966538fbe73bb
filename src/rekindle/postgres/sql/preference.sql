-- A part of verdicts.sql and arm.sql: who does not want a scenario, or any (scenario_type null).
select p.user_id, p.scenario_type from rekindle_source.preference p where p.opted_out
