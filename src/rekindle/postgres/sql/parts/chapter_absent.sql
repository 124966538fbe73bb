-- A part of verdicts.sql and source_counts.sql, if the team has no view `chapter`.
select null::uuid as chapter_id, null::text as timezone where false
