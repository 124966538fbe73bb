-- A part of verdicts.sql, for a scenario with one text.
select assigned.*, null::text as text_name from assigned
