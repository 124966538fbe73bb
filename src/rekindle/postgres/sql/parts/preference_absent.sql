-- A part of verdicts.sql and arm.sql, if the team has no view `preference`.
select null::uuid as user_id, null::text as scenario_type where false
