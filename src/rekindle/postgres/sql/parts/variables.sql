-- A part of verdicts.sql: the variables of a person's texts.
rekindle.readable(occasion.extra_columns || occasion.variables)
