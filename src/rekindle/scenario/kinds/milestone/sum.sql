-- A part of candidates.sql, reached_on.sql and known.sql, in place of total: what the amounts add
-- up to (`of = "sum"`).
sum(ordered.amount)
