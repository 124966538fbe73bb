-- The ledger of Rekindle, 3 of 3: the right to call its functions, and the worker's rights in the
-- database. The rights to each table are next to the table, in the second file.
do $$
begin
  lock table rekindle.schema_migration in share row exclusive mode;   -- see the first file
end $$;

-- Everybody may call a new function unless that is revoked.
revoke execute on all functions in schema rekindle from public;
grant execute on all functions in schema rekindle to rekindle_worker;
-- An index of the team's on this function runs it for everybody who writes to the table. It reads
-- nothing, and only roles that may use the schema can name it.
grant execute on function rekindle.stable_uuid(text, text) to public;
grant execute on function rekindle.stable_uuid(text, bigint) to public;

-- Every role may connect and make temporary tables, unless somebody has revoked that from public. A
-- run stages rows in temporary tables.
do $$
begin
  execute format('grant connect, temporary on database %I to rekindle_worker', current_database());
exception
  when insufficient_privilege then null;   -- another role owns the database and must grant it
end $$;

insert into rekindle.schema_migration (version, name) values ('20261123090200', 'rights') on conflict do nothing;
