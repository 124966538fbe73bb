-- A part of verdicts.sql, where the team has no view of organisations.
select null::uuid as organisation_id, null::text as timezone where false
