-- In: nothing.
-- Out: the settings that decide whether this server can keep the ledger's promises.
select current_setting('server_version_num')::int as version_number,
       pg_is_in_recovery() as replica,
       current_setting('synchronous_commit') as synchronous_commit,
       current_setting('fsync') as fsync,
       current_setting('transaction_isolation') as isolation,
       (select max(version) from rekindle.schema_migration) as migrated_to
