-- A part of refusal.sql and every_refusal.sql: the variables exceed 64 KiB, although each is cut. A
-- run keeps a batch of units in memory.
pg_column_size(person.variables) > 65536
