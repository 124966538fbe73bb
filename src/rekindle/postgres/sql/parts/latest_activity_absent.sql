-- A part of told.sql and alone.sql, if the team has no view `activity`.
select null::timestamptz as active_at
