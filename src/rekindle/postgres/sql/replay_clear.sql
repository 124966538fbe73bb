-- In: nothing. The caller binds {table} to the name of a temporary table.
-- Out: nothing. The table is empty. A READ ONLY transaction may delete from a temporary table, and
-- may not truncate it.
delete from pg_temp.{table}
