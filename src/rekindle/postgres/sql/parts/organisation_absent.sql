-- A part of verdicts.sql and source_counts.sql, if the team has no view `organisation`.
select null::uuid as organisation_id, null::text as timezone where false
