-- Results of backtests that somebody has saved.
do $$
begin
  lock table rekindle.schema_migration in share row exclusive mode;   -- see the first file
end $$;

-- What a replay of the past has counted, as `rekindle backtest --json` shows it. It has numbers and
-- no person. No rule reads it. A row is never changed.
create table if not exists rekindle.backtest (
  backtest_id    uuid primary key default gen_random_uuid(),
  saved_at       timestamptz not null default rekindle.clock(),
  saved_by       text not null,
  since          timestamptz not null,
  until          timestamptz not null,
  scenario_types text[] not null default '{}',   -- those that were asked for; empty: all
  result         jsonb not null check (jsonb_typeof(result) = 'object'),   -- by configuration: 'applied', 'file'
  check (since < until)
);
create index if not exists backtest_at_idx on rekindle.backtest (saved_at, backtest_id);
alter table rekindle.backtest enable row level security;
revoke all on rekindle.backtest from rekindle_worker;
drop policy if exists worker on rekindle.backtest;
create policy worker on rekindle.backtest to rekindle_worker using (true) with check (true);
grant select, insert, delete on rekindle.backtest to rekindle_worker;
create or replace trigger never_changed before update on rekindle.backtest
  for each row execute function rekindle.refuse();

insert into rekindle.schema_migration (version, name) values ('20261127090000', 'backtests') on conflict do nothing;
