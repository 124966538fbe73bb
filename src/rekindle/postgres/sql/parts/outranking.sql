-- A part of verdicts.sql: the number of outranking scenarios that would claim a person too (see
-- stage_outranking.sql).
select staged.user_id, count(*) as scenarios from pg_temp.rekindle_outranking staged group by staged.user_id
