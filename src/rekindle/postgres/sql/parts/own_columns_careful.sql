-- A part of verdicts.sql and longest_own.sql, if a column of the recipient view has a type that
-- to_jsonb may fail on, such as json or a type of the team's own: the columns of one row, by name.
rekindle.columns_of(r.*)
