-- In: nothing.
-- Out: migrated_to, the newest migration of this database; null if there is none.
-- Locks: none.
select max(version) as migrated_to from rekindle.schema_migration
