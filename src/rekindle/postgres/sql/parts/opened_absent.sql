-- A part of summary.sql, if the team has no view `opened`.
select null::uuid as claim_id where false
