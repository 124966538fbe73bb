-- A script: the ledger's clock is that of the server again.
create or replace function rekindle.clock() returns timestamptz
language sql volatile parallel safe as $$
  select pg_catalog.clock_timestamp()
$$;
drop table programme.clock;
revoke usage on schema programme from rekindle_worker;
