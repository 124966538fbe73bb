-- A part of place_names.sql, if the team has no view `organisation`.
select null::uuid as id, null::text as name where false
