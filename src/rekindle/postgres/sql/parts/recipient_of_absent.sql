-- A part of people_names.sql, if the team has no view `membership`.
r.organisation_id = any (%(organisations)s::uuid[])
