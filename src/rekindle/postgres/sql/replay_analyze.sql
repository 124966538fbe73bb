-- In: nothing. The caller binds {table} to the name of a temporary table.
-- Out: nothing. The planner knows how large the table is by now.
analyze pg_temp.{table}
