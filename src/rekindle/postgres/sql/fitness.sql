-- In: nothing.
-- Out: one row: what decides whether this server can keep the ledger's promises. It reads no table
-- of the ledger, so that it can be asked before there is one.
-- Locks: none.
select current_setting('server_version_num')::int as version_number,
       pg_is_in_recovery() as replica,
       current_setting('transaction_read_only') = 'on' as read_only,
       current_setting('session_replication_role') as replication_role,
       pg_encoding_to_char(d.encoding) as encoding
from pg_catalog.pg_database d where d.datname = current_database()
