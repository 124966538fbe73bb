-- A part of refusal.sql and every_refusal.sql: the variables exceed 64 KiB. A batch of units is
-- held in memory.
pg_column_size(merged.variables) > 65536
