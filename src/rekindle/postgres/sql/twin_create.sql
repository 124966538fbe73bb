-- In: nothing. The caller binds {twin} to the name of a table of the ledger.
-- Out: an empty temporary table of that name and shape, for a replay of the past: it reads and
-- writes this table in place of the ledger's. It is dropped at the end of the transaction.
create temporary table {twin} (like rekindle.{twin} including all) on commit drop
