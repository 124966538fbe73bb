-- A part of candidates.sql, reached_on.sql and known.sql: the number of activities (`of =
-- "count"`).
count(*)
