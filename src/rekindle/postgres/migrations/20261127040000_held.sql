-- A run keeps what the guard held back in it as figures, and not only as the text of `halted_by`.
do $$
begin
  lock table rekindle.schema_migration in share row exclusive mode;   -- see the first file
end $$;

-- One object per scenario: {"scenario_type": "inactivity", "people": 48, "recipients": 476, ...}. A
-- run that was limited to organisations has only the number of people: the others count everybody.
alter table rekindle.run add column if not exists held jsonb not null default '[]';
grant update (held) on rekindle.run to rekindle_worker;

insert into rekindle.schema_migration (version, name) values ('20261127040000', 'held') on conflict do nothing;
