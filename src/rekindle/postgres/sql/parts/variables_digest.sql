-- A part of verdicts.sql in place of variables.sql, for a scenario with a digest. The names stay a
-- list, however long they are.
rekindle.readable(occasion.extra_columns || occasion.variables) || occasion.digest
