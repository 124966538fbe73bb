-- A script, for the demo alone: from here on the ledger's clock is that of programme.clock. Only
-- the owner of the database can do that.
create table programme.clock (back interval not null);
insert into programme.clock values ('0');
grant usage on schema programme to rekindle_worker;
grant select on programme.clock to rekindle_worker;
create or replace function rekindle.clock() returns timestamptz
language sql volatile parallel safe as $$
  select pg_catalog.clock_timestamp() - (select back from programme.clock)
$$;
