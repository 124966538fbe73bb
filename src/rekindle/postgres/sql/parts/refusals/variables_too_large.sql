-- A part of refusal.sql and every_refusal.sql: the variables exceed 64 KiB. A run keeps a batch of
-- units in memory.
pg_column_size(merged.variables) > 65536
