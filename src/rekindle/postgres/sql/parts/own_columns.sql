-- A part of verdicts.sql and longest_own.sql, if each column of the recipient view has a type that
-- to_jsonb can always convert: the columns of one row, by name.
to_jsonb(r.*)
