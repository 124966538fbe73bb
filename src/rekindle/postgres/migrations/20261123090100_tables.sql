-- The ledger of Rekindle, 2 of 3: its tables, each with its indexes, its policy and the worker's
-- rights, then the functions and the trigger that need them.
--
-- The worker may update only the columns that a statement of the engine updates, and no row of a
-- table that is "never changed". While a policy is replaced, the worker has no rights at all.
-- Otherwise a run could see an empty table between two statements of a tool that uses no
-- transactions.
do $$
begin
  lock table rekindle.schema_migration in share row exclusive mode;   -- see the first file
end $$;

-- -------------------------------------------------------------------------------- configuration

-- Applied configuration. A row is never changed. The highest version of a scenario_type is in
-- force.
create table if not exists rekindle.scenario (
  scenario_type text not null check (scenario_type ~ '^[a-z][a-z0-9_-]{0,62}$'),
  version       integer not null check (version > 0),
  definition    jsonb not null,
  fingerprint   text not null check (fingerprint ~ '^[0-9a-f]{64}$'),
  retired       boolean not null default false,   -- no longer in the file that was applied
  was           text generated always as (definition ->> 'was') stored,   -- its name before it was renamed
  applied_at    timestamptz not null default rekindle.clock(),
  applied_by    text not null default rekindle.signature(null),
  primary key (scenario_type, version)
);
alter table rekindle.scenario enable row level security;
revoke all on rekindle.scenario from rekindle_worker;
drop policy if exists worker on rekindle.scenario;
create policy worker on rekindle.scenario to rekindle_worker using (true) with check (true);
grant select, insert on rekindle.scenario to rekindle_worker;

-- The scenarios that were renamed: each name that one of them has or had, and its identity, the
-- first of all its names in the order of the alphabet. Every version that was applied counts, so a
-- scenario keeps its names after `was` has left the file. It reads no definition: they may be
-- large, and the last look before each send calls this.
create or replace function rekindle.renamed() returns table (name text, identity text)
language sql stable rows 1 as $$
  with recursive pair as materialized (
    select distinct s.scenario_type as one, s.was as other from rekindle.scenario s where s.was is not null
  ),
  same (name, also) as (
    select each.name, each.name from pair cross join lateral (values (pair.one), (pair.other)) as each (name)
    union
    select same.name, case when pair.one = same.also then pair.other else pair.one end  -- mutant: both-ways
    from same
    join pair on same.also in (pair.one, pair.other)
  )
  select same.name, min(same.also collate "C") from same group by same.name
$$;

-- Each switch that an operator turned off or on, with the operator, the time and the reason. A row
-- is never changed. The newest row of a scenario and an organisation is in force (both null:
-- everything).
create table if not exists rekindle.switch (
  switch_id       bigint generated always as identity primary key,
  scenario_type   text,
  organisation_id uuid,
  turned          text not null check (turned in ('on', 'off')),
  reason          text,
  switched_at     timestamptz not null default rekindle.clock(),
  switched_by     text not null default rekindle.signature(null)
);
alter table rekindle.switch enable row level security;
revoke all on rekindle.switch from rekindle_worker;
drop policy if exists worker on rekindle.switch;
create policy worker on rekindle.switch to rekindle_worker using (true) with check (true);
grant select, insert on rekindle.switch to rekindle_worker;

-- One row per lock of the engine. A statement locks the row until its transaction ends. These are
-- no advisory locks, because any login could take those, and every run would wait for it.
create table if not exists rekindle.lock (
  name    text primary key,
  purpose text not null
);
insert into rekindle.lock (name, purpose) values
  ('apply', 'one configuration is applied at a time'),
  ('guard', 'the guard counts one claim at a time'),
  ('migrate', 'one migration without a transaction runs at a time'),
  ('prune', 'one batch of a prune runs at a time'),
  ('sweep', 'one sweep runs at a time'),
  ('test', 'one test push is counted at a time')
on conflict do nothing;
alter table rekindle.lock enable row level security;
revoke all on rekindle.lock from rekindle_worker;
drop policy if exists worker on rekindle.lock;
create policy worker on rekindle.lock to rekindle_worker using (true) with check (true);
grant select on rekindle.lock to rekindle_worker;
grant update (purpose) on rekindle.lock to rekindle_worker;   -- `for update` needs a right to some column

-- Never has a row. Claims share a lock on the table, and an erasure takes it alone. A row of
-- rekindle.lock would not do: those that share one do not queue behind the one that waits, so with
-- many claims an erasure waited for 27 s (measured). `lock table` needs a right to delete.
create table if not exists rekindle.erasure (
  purpose text primary key
);
alter table rekindle.erasure enable row level security;
revoke all on rekindle.erasure from rekindle_worker;
drop policy if exists worker on rekindle.erasure;
create policy worker on rekindle.erasure to rekindle_worker using (true) with check (true);
grant delete on rekindle.erasure to rekindle_worker;

-- The schedules of the applied scenarios. `last_at` is the last instant that was begun or skipped.
-- It is moved by the statement that begins the run, so an instant is begun once, also after the
-- run's row is gone.
create table if not exists rekindle.schedule (
  scenario_type text primary key,
  cron          text not null,
  timezone      text not null,
  since         timestamptz not null default rekindle.clock(),   -- no instant before this is begun
  last_at       timestamptz not null default rekindle.clock(),
  skipped       bigint not null default 0 check (skipped >= 0),  -- instants that were missed and not caught up
  overdue_after timestamptz,   -- the mark after which it was reported as overdue
  check (last_at >= since)
);
alter table rekindle.schedule enable row level security;
revoke all on rekindle.schedule from rekindle_worker;
drop policy if exists worker on rekindle.schedule;
create policy worker on rekindle.schedule to rekindle_worker using (true) with check (true);
grant select, insert, delete on rekindle.schedule to rekindle_worker;
grant update (cron, timezone, since, last_at, skipped, overdue_after) on rekindle.schedule to rekindle_worker;

-- The processes of `rekindle worker`, for people to see. Nothing depends on a row.
create table if not exists rekindle.worker (
  worker_id     uuid primary key,
  host          text not null,
  release       text not null,       -- the version of Rekindle
  configuration text not null,       -- a digest of what the worker's own file says about runs
  started_at    timestamptz not null default rekindle.clock(),
  seen_at       timestamptz not null default rekindle.clock()
);
alter table rekindle.worker enable row level security;
revoke all on rekindle.worker from rekindle_worker;
drop policy if exists worker on rekindle.worker;
create policy worker on rekindle.worker to rekindle_worker using (true) with check (true);
grant select, insert, delete on rekindle.worker to rekindle_worker;
grant update (seen_at) on rekindle.worker to rekindle_worker;

-- The pace of a provider's account, shared by all runs that send through it. `free_at` is the
-- moment at which every send that was reserved may have started.
create table if not exists rekindle.pace (
  account text primary key,
  free_at timestamptz not null
) with (fillfactor = 50);
alter table rekindle.pace enable row level security;
revoke all on rekindle.pace from rekindle_worker;
drop policy if exists worker on rekindle.pace;
create policy worker on rekindle.pace to rekindle_worker using (true) with check (true);
grant select, insert on rekindle.pace to rekindle_worker;
grant update (free_at) on rekindle.pace to rekindle_worker;

-- The installations that runs wrote to: one row per cluster, timeline and database, with its latest
-- run. The newest `seen_at` is the latest run's. A run elsewhere halts until an operator adopts the
-- new installation: the ledger may lack what was sent before the change, or be a copy from which
-- nothing should be sent.
create table if not exists rekindle.installation (
  system_identifier text not null,               -- '': the server does not tell
  timeline          bigint not null,             -- 0: the server does not tell
  database_oid      bigint not null,
  name              text,                        -- REKINDLE_INSTALLATION of the latest run
  synchronous       boolean not null,            -- each commit of the latest run waited for a standby
  seen_at           timestamptz not null default rekindle.clock(),
  adopted_at      timestamptz,
  adopted_by      text,
  primary key (system_identifier, timeline, database_oid),
  check ((adopted_at is null) = (adopted_by is null))
);
alter table rekindle.installation enable row level security;
revoke all on rekindle.installation from rekindle_worker;
drop policy if exists worker on rekindle.installation;
create policy worker on rekindle.installation to rekindle_worker using (true) with check (true);
grant select, insert, delete on rekindle.installation to rekindle_worker;
grant update (synchronous, name, seen_at, adopted_at, adopted_by) on rekindle.installation to rekindle_worker;

-- -------------------------------------------------------------------------------- gates and caps

-- The sliding cooldown. One row per person and scenario: its primary key makes a second push
-- impossible.
create table if not exists rekindle.gate (
  user_id          uuid not null,
  scenario_type    text not null,
  next_at          timestamptz not null,    -- the earliest moment at which a new claim may win
  inflight         uuid,                    -- the one live claim, if any
  epoch            bigint not null default 1,
  cooldown_seconds bigint,                  -- the cooldown of the last claim
  primary key (user_id, scenario_type)
) with (fillfactor = 70);
create index if not exists gate_inflight_idx on rekindle.gate (user_id) where inflight is not null;
alter table rekindle.gate enable row level security;
revoke all on rekindle.gate from rekindle_worker;
drop policy if exists worker on rekindle.gate;
create policy worker on rekindle.gate to rekindle_worker using (true) with check (true);
grant select, insert, delete on rekindle.gate to rekindle_worker;
grant update (next_at, inflight, epoch, cooldown_seconds) on rekindle.gate to rekindle_worker;

-- The frequency cap. One row per person who was claimed under a cap, with the claims that count.
-- The locked version of the row decides, so two claims cannot both be the last that fits. A rule
-- may change at any time, because the row keeps the claims and not the number that is left.
create table if not exists rekindle.cap (
  user_id      uuid primary key,
  counted      jsonb not null check (jsonb_typeof(counted) = 'object'),   -- see rekindle.fits
  rule_counts  int[] not null default '{}',      -- the rules for the last claim
  rule_seconds bigint[] not null default '{}'
) with (fillfactor = 70);
alter table rekindle.cap enable row level security;
revoke all on rekindle.cap from rekindle_worker;
drop policy if exists worker on rekindle.cap;
create policy worker on rekindle.cap to rekindle_worker using (true) with check (true);
grant select, insert, delete on rekindle.cap to rekindle_worker;
grant update (counted, rule_counts, rule_seconds) on rekindle.cap to rekindle_worker;

-- ----------------------------------------------------------------------------------------- runs

create table if not exists rekindle.run (
  run_id         uuid primary key,
  status         text not null default 'running'
                 check (status in ('running', 'done', 'budget', 'incomplete', 'halted', 'abandoned', 'not_started')),
  started_at     timestamptz not null default rekindle.clock(),
  seen_at        timestamptz not null default rekindle.clock(),   -- the run's lease: its process renews it
  finished_at    timestamptz,
  abandoned_at   timestamptz,   -- a sweep found it without a report; it may have reported later
  budget_seconds numeric not null check (budget_seconds > 0),
  dispatcher     text not null,
  halted_by      text,
  held           jsonb not null default '[]',   -- what the guard held back, an object per scenario
  request_key    text,          -- the name that the caller gave this run, such as an Idempotency-Key or a tick
  request_sha256 text check (request_sha256 ~ '^[0-9a-f]{64}$'),   -- the digest of the request
  attempt        integer not null default 1 check (attempt > 0),   -- of this key: the last one counts
  due_at         timestamptz,   -- for a tick: the instant of the schedule that it works
  told_at        timestamptz,   -- for a tick that failed: when an operator was told
  scenario_types text[] not null default '{}',   -- the selection: the scenarios that it covers
  organisations  uuid[] not null default '{}',   -- the selection: these alone; empty: all
  started_by     text,          -- a key, a person or a login; null for a tick
  evaluated      bigint not null default 0,
  not_due        bigint not null default 0,
  refused        bigint not null default 0,
  claimed        bigint not null default 0,
  carried        bigint not null default 0,
  recorded       bigint not null default 0,
  held_out       bigint not null default 0,
  skipped        bigint not null default 0,
  dead           bigint not null default 0,
  unknown        bigint not null default 0,
  pending        bigint not null default 0,
  handed_over    bigint not null default 0,
  pushes         bigint not null default 0,
  reached        bigint default 0 not null check (reached >= 0),   -- people, once each: the others are sums
  check ((status = 'running') = (finished_at is null)),
  check ((request_key is null) = (request_sha256 is null)),
  constraint run_one_attempt unique (request_key, attempt),
  check (
    least(not_due, refused, claimed, carried, recorded, held_out, skipped, dead, unknown, pending, handed_over,
          pushes) >= 0
  ),
  constraint run_everyone_is_accounted_for check (evaluated = not_due + refused + claimed),
  constraint run_every_claim_is_accounted_for
    check (claimed + carried = recorded + held_out + skipped + dead + unknown + pending + handed_over)
);
create index if not exists run_started_idx on rekindle.run (started_at, run_id);
create index if not exists run_due_idx on rekindle.run (due_at) where due_at is not null;
create index if not exists run_to_tell_idx on rekindle.run (finished_at)
  where due_at is not null and told_at is null and status in ('halted', 'not_started', 'abandoned');
create index if not exists run_running_idx on rekindle.run (started_at) where status = 'running';
alter table rekindle.run enable row level security;
revoke all on rekindle.run from rekindle_worker;
drop policy if exists worker on rekindle.run;
create policy worker on rekindle.run to rekindle_worker using (true) with check (true);
grant select, insert, delete on rekindle.run to rekindle_worker;
grant update (
  status, finished_at, abandoned_at, seen_at, halted_by, held, evaluated, not_due, refused, claimed, carried,
  recorded, held_out, skipped, dead, unknown, pending, handed_over, pushes, reached, told_at
) on rekindle.run to rekindle_worker;

-- The same numbers per scenario of a run. They count people; only `pushes` counts devices. The
-- numbers of a run are their sums: a person counts once per scenario there.
create table if not exists rekindle.run_scenario (
  run_id        uuid not null references rekindle.run on delete cascade,
  scenario_type text not null,
  position      integer not null,
  evaluated     bigint not null default 0,
  not_due       bigint not null default 0,
  refused       bigint not null default 0,
  claimed       bigint not null default 0,
  carried       bigint not null default 0,
  recorded      bigint not null default 0,
  held_out      bigint not null default 0,
  skipped       bigint not null default 0,
  dead          bigint not null default 0,
  unknown       bigint not null default 0,
  pending       bigint not null default 0,
  handed_over   bigint not null default 0,
  pushes        bigint not null default 0,
  refusals      jsonb not null default '{}',   -- due and not claimed: {"cooldown": 12, "no_token": 3}
  reasons       jsonb not null default '{}',   -- endings after a claim: {"skipped:unregistered": 1}
  confirmed     bigint not null default 0,     -- claimed past the guard, or claimed for one named person
  fault         text check (fault ~ '^RK[0-9]{3}$'),   -- why it could not be evaluated; null: it was
  at            timestamptz not null default rekindle.clock(),
  primary key (run_id, scenario_type),
  check (
    least(not_due, refused, claimed, carried, recorded, held_out, skipped, dead, unknown, pending, handed_over,
          pushes) >= 0
  ),
  check (confirmed between 0 and claimed),
  constraint run_scenario_everyone_is_accounted_for check (evaluated = not_due + refused + claimed),
  constraint run_scenario_every_refusal_has_a_reason check (refused = rekindle.total(refusals)),
  constraint run_scenario_every_claim_is_accounted_for
    check (claimed + carried = recorded + held_out + skipped + dead + unknown + pending + handed_over)
);
-- For the claims that the guard counts: see guard.sql.
create index if not exists run_scenario_claimed_idx on rekindle.run_scenario (at)
  where claimed > 0 or recorded > 0 or unknown > 0;
create index if not exists run_scenario_latest_idx on rekindle.run_scenario (scenario_type, at desc);
alter table rekindle.run_scenario enable row level security;
revoke all on rekindle.run_scenario from rekindle_worker;
drop policy if exists worker on rekindle.run_scenario;
create policy worker on rekindle.run_scenario to rekindle_worker using (true) with check (true);
grant select, insert on rekindle.run_scenario to rekindle_worker;
grant update (carried, recorded, held_out, skipped, dead, unknown, pending, handed_over, pushes, reasons)
  on rekindle.run_scenario to rekindle_worker;

-- ---------------------------------------------------------------------------------------- units

-- Live units only: one per claim and device. A unit that ends leaves this table in the transaction
-- that writes how it ended.
create table if not exists rekindle.outbox (
  claim_id              uuid not null,
  device_id             uuid not null,
  user_id               uuid not null,
  scenario_type         text not null,
  scenario_version      integer not null,
  kind                  text not null,            -- the scenario's: what the last look before sending checks
  organisation_id       uuid,
  claimed_run_id        uuid not null,            -- the run that claimed it
  run_id                uuid not null,            -- the run that worked on it last
  idempotency_key       text not null,            -- fixed by the claim: see rekindle.idempotency_key
  cooldown_window_start timestamptz not null,     -- the moment of the evaluation that won the gate
  cooldown_seconds      bigint not null check (cooldown_seconds > 0),
  occurrence            text not null,
  other_occurrences     text[],                   -- of a digest: what its push covers besides
  priority              smallint not null,
  turn                  integer not null,         -- within its organisation: every first turn is sent before any second
  target_kind           text not null check (target_kind in ('token', 'fid')),
  target                text not null,
  locale                text,
  variables             jsonb not null,
  variant               integer not null,         -- in that version: 0 for everybody, otherwise the override's number
  timezone              text,                     -- the person's, for quiet hours, weekdays and the window
  quiet_from            time,
  quiet_until           time,
  weekdays              int[] not null default '{}',
  send_from             time,                     -- the window for pushes
  send_until            time,
  inactive_since_on     date,                     -- for inactivity: an activity after this day makes it void
  state                 text not null default 'claimed'
                        check (state in ('claimed', 'dispatching', 'retry', 'unknown')),
  epoch                 bigint not null default 1,      -- fencing token: a new owner raises it
  owner                 uuid,                           -- the run that holds the lease
  lease_until           timestamptz,
  attempts              integer not null default 0,
  uncertain             boolean not null default false, -- it may have been accepted: ends recorded or unknown
  resend                boolean not null default false, -- the scenario's policy: send once more after an uncertain send
  held_out              boolean not null default false, -- in the control group of a trial: it is never sent
  text_name             text,                           -- the text of its arm in a text trial; null: it is in none
  reason                text,                           -- why it waits (retry) or is held (unknown)
  next_try_at           timestamptz not null,
  give_up_at            timestamptz not null,           -- relevance deadline: never sent after it
  claimed_at            timestamptz not null,
  armed_at              timestamptz,
  primary key (claim_id, device_id),
  -- A control group is never sent anything: no statement can arm such a unit.
  constraint outbox_held_out_is_never_sent
    check (not held_out or (state in ('claimed', 'retry') and armed_at is null and not uncertain)),
  constraint outbox_one_live_claim unique (user_id, scenario_type, device_id),
  check ((owner is null) or (lease_until is not null)),
  check ((quiet_from is null) = (quiet_until is null)),
  check ((send_from is null) = (send_until is null)),
  check (timezone is not null or (quiet_from is null and weekdays = '{}' and send_from is null))
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_cost_delay = 0);
create index if not exists outbox_owned_idx on rekindle.outbox (owner, priority desc, turn, claim_id, device_id)
  where state = 'claimed' and owner is not null;
create index if not exists outbox_ready_idx on rekindle.outbox (next_try_at, turn)
  where state in ('claimed', 'retry');
create index if not exists outbox_lease_idx on rekindle.outbox (lease_until)
  where state in ('dispatching', 'unknown');
alter table rekindle.outbox enable row level security;
revoke all on rekindle.outbox from rekindle_worker;
drop policy if exists worker on rekindle.outbox;
create policy worker on rekindle.outbox to rekindle_worker using (true) with check (true);
grant select, insert, delete on rekindle.outbox to rekindle_worker;
grant update (state, run_id, epoch, owner, lease_until, attempts, uncertain, reason, next_try_at, armed_at)
  on rekindle.outbox to rekindle_worker;

-- The record: one row per claim. It is written only after an acceptance and never changed
-- afterwards. A prune deletes it once it is old, and keeps its occurrence in rekindle.spent. An
-- erasure of its person deletes it, too. A prune deletes about 1 row in 400 each day: a vacuum
-- after one in 20 gives the space back before the tables grow by as much again.
create table if not exists rekindle.scenario_notification (
  id                    uuid primary key,          -- the claim's id
  user_id               uuid not null,
  scenario_type         text not null,
  dispatched_at         timestamptz not null default clock_timestamp(),
  idempotency_key       text not null,
  scenario_version      integer,
  organisation_id       uuid,
  run_id                uuid,
  occurrence            text,
  other_occurrences     text[],                    -- of a digest: what the push covered besides
  cooldown_window_start timestamptz,
  constraint scenario_notification_idempotency_key unique (idempotency_key),
  constraint scenario_notification_window unique (user_id, scenario_type, cooldown_window_start)
) with (autovacuum_vacuum_scale_factor = 0.05);
create index if not exists scenario_notification_occurrence_idx
  on rekindle.scenario_notification (user_id, scenario_type, occurrence);
-- For pages of records, newest first: see notification_page.sql.
create index if not exists scenario_notification_dispatched_idx
  on rekindle.scenario_notification (dispatched_at, id);
create index if not exists scenario_notification_organisation_idx
  on rekindle.scenario_notification (organisation_id, dispatched_at, id);
create index if not exists scenario_notification_scenario_idx
  on rekindle.scenario_notification (scenario_type, dispatched_at, id);
alter table rekindle.scenario_notification enable row level security;
revoke all on rekindle.scenario_notification from rekindle_worker;
drop policy if exists worker on rekindle.scenario_notification;
create policy worker on rekindle.scenario_notification to rekindle_worker using (true) with check (true);
grant select, insert, delete on rekindle.scenario_notification to rekindle_worker;
-- An upsert needs a column that it may set: record.sql sets this one to the value that it has. The
-- trigger refuses every update that changes something.
grant update (run_id) on rekindle.scenario_notification to rekindle_worker;
create or replace function rekindle.refuse() returns trigger
language plpgsql as $$
begin
  raise insufficient_privilege using message = 'a row of ' || tg_relid::regclass || ' is never changed';
end $$;
create or replace trigger never_changed before update on rekindle.scenario_notification
  for each row when (old.* is distinct from new.*) execute function rekindle.refuse();

-- One row per device that accepted. It is deleted with its record, by the foreign key: the worker
-- needs no right to delete here.
create table if not exists rekindle.delivery (
  claim_id       uuid not null references rekindle.scenario_notification (id) on delete cascade,
  device_id      uuid not null,
  user_id        uuid not null,
  scenario_type  text not null,
  claimed_run_id uuid not null,
  run_id         uuid not null,
  provider_name  text not null,
  accepted_at    timestamptz not null default rekindle.clock(),
  attempts       integer not null,
  was_unknown    boolean not null default false,   -- the answer came after the unit had become unknown
  primary key (claim_id, device_id)
) with (autovacuum_vacuum_scale_factor = 0.05);
create index if not exists delivery_run_idx on rekindle.delivery (run_id);
create index if not exists delivery_claimed_run_idx on rekindle.delivery (claimed_run_id);   -- see guard_people.sql
alter table rekindle.delivery enable row level security;
revoke all on rekindle.delivery from rekindle_worker;
drop policy if exists worker on rekindle.delivery;
create policy worker on rekindle.delivery to rekindle_worker using (true) with check (true);
grant select, insert on rekindle.delivery to rekindle_worker;

-- Whether the person came back after a push. One row per record, written once the horizon of its
-- scenario and a day for late entries are over, and never changed: an activity that is entered or
-- edited later does not rewrite a result. It is deleted with its record, by the foreign key.
create table if not exists rekindle.came_back (
  claim_id        uuid primary key references rekindle.scenario_notification (id) on delete cascade,
  scenario_type   text not null,
  dispatched_at   timestamptz not null,      -- that of the record: the order in which they are looked at
  horizon_seconds bigint not null check (horizon_seconds > 0),
  back_at         timestamptz,               -- the first activity within the horizon; null: there was none
  opted_out       boolean not null,          -- by looked_at the person had opted out of the scenario, or of all
  looked_at       timestamptz not null default rekindle.clock()
) with (autovacuum_vacuum_scale_factor = 0.05);
create index if not exists came_back_scenario_idx
  on rekindle.came_back (scenario_type, dispatched_at, claim_id);   -- see look_back.sql
alter table rekindle.came_back enable row level security;
revoke all on rekindle.came_back from rekindle_worker;
drop policy if exists worker on rekindle.came_back;
create policy worker on rekindle.came_back to rekindle_worker using (true) with check (true);
grant select, insert on rekindle.came_back to rekindle_worker;
create or replace trigger never_changed before update on rekindle.came_back
  for each row execute function rekindle.refuse();

-- Every other ending, with its reason. An unknown row keeps everything that a late answer needs to
-- become a record. Statements insert the row as rekindle.ended returns it, so a migration that adds
-- a column also replaces that function.
create table if not exists rekindle.outcome (
  claim_id              uuid not null,
  device_id             uuid not null,
  user_id               uuid not null,
  scenario_type         text not null,
  scenario_version      integer not null,
  organisation_id       uuid,
  claimed_run_id        uuid not null,
  run_id                uuid not null,
  outcome               text not null check (outcome in ('skipped', 'dead', 'unknown', 'held_out')),
  reason                text not null,
  occurrence            text not null,
  other_occurrences     text[],
  idempotency_key       text not null,
  cooldown_window_start timestamptz not null,
  cooldown_seconds      bigint not null,
  epoch                 bigint not null,
  attempts              integer not null,
  armed_at              timestamptz,
  at                    timestamptz not null default rekindle.clock(),
  primary key (claim_id, device_id)
) with (autovacuum_vacuum_scale_factor = 0.05);
create index if not exists outcome_run_idx on rekindle.outcome (run_id);
-- What counts as sent: see rekindle.sent, parts/spent.sql.
create index if not exists outcome_sent_idx on rekindle.outcome (user_id, scenario_type, occurrence)
  where outcome in ('unknown', 'held_out');
create index if not exists outcome_unknown_idx on rekindle.outcome (claim_id, device_id)
  where outcome = 'unknown';   -- few rows: unknown.sql reads them all
create index if not exists outcome_held_out_key_idx on rekindle.outcome (idempotency_key)
  where outcome = 'held_out';   -- see parts/refusals/already_today.sql
create index if not exists outcome_dead_idx on rekindle.outcome (user_id, scenario_type, occurrence)
  where outcome = 'dead';   -- see finish.sql
create index if not exists outcome_at_idx on rekindle.outcome (at);
create index if not exists outcome_person_idx on rekindle.outcome (user_id);   -- see erase_outcomes.sql, history.sql
alter table rekindle.outcome enable row level security;
revoke all on rekindle.outcome from rekindle_worker;
drop policy if exists worker on rekindle.outcome;
create policy worker on rekindle.outcome to rekindle_worker using (true) with check (true);
grant select, insert, delete on rekindle.outcome to rekindle_worker;
grant update (outcome, reason) on rekindle.outcome to rekindle_worker;

-- Tokens that the provider has proven dead. A token that was registered again after `sent_at` is
-- valid again. `user_id` is the person whose push it was.
create table if not exists rekindle.disabled_token (
  device_id   uuid primary key,
  user_id     uuid not null,
  reason      text not null,
  sent_at     timestamptz not null,
  disabled_at timestamptz not null default rekindle.clock(),
  needed_at   timestamptz   -- when a prune last found the token among the team's registrations
);
create index if not exists disabled_token_person_idx on rekindle.disabled_token (user_id);
create index if not exists disabled_token_at_idx on rekindle.disabled_token (disabled_at, device_id);
alter table rekindle.disabled_token enable row level security;
revoke all on rekindle.disabled_token from rekindle_worker;
drop policy if exists worker on rekindle.disabled_token;
create policy worker on rekindle.disabled_token to rekindle_worker using (true) with check (true);
grant select, insert, delete on rekindle.disabled_token to rekindle_worker;
grant update (user_id, reason, sent_at, disabled_at, needed_at) on rekindle.disabled_token to rekindle_worker;

-- The occurrences that are spent although no record or unknown outcome names them: those whose
-- record or unknown outcome was pruned, and the further ones of a digest that was recorded. One row
-- per person, scenario and occurrence, without a run, a device or a text.
create table if not exists rekindle.spent (
  user_id       uuid not null,
  scenario_type text not null,
  occurrence    text not null,
  evaluated_at  timestamptz not null,   -- when the person was found due; the last time, if several
  at            timestamptz not null,   -- when the push was sent, or may have been
  primary key (user_id, scenario_type, occurrence)
);
create index if not exists spent_at_idx on rekindle.spent (scenario_type, at);   -- see prune_spent.sql
alter table rekindle.spent enable row level security;
revoke all on rekindle.spent from rekindle_worker;
drop policy if exists worker on rekindle.spent;
create policy worker on rekindle.spent to rekindle_worker using (true) with check (true);
grant select, insert, delete on rekindle.spent to rekindle_worker;
grant update (evaluated_at, at) on rekindle.spent to rekindle_worker;

-- Test pushes: those that somebody sent to see a text on a device. No rule for pushes reads this
-- table. A row is committed as unknown before a byte leaves, so that a crash leaves it so, and
-- learns its outcome once. A token that was given for the test is not here, nor a digest of it.
create table if not exists rekindle.test_send (
  test_id          uuid primary key,
  user_id          uuid not null,   -- the person whose data filled in the text
  scenario_type    text not null,
  scenario_version integer not null,
  organisation_id  uuid,
  device_id        uuid,            -- the person's device; null: it went to a token that was given
  due              boolean not null,
  samples          text[] not null default '{}',   -- the variables that had a sample value
  sent_by          text not null,
  sent_at          timestamptz not null default rekindle.clock(),
  outcome          text not null default 'unknown' check (outcome in ('accepted', 'refused', 'unknown')),
  reason           text default 'no_answer',       -- null: accepted
  provider_name    text,
  request_key      text unique,
  request_sha256   text check (request_sha256 ~ '^[0-9a-f]{64}$'),
  check ((outcome = 'accepted') = (reason is null)),
  check ((outcome = 'accepted') = (provider_name is not null)),
  check ((request_key is null) = (request_sha256 is null))
);
create index if not exists test_send_at_idx on rekindle.test_send (sent_at, test_id);
create index if not exists test_send_person_idx on rekindle.test_send (user_id, sent_at);
alter table rekindle.test_send enable row level security;
revoke all on rekindle.test_send from rekindle_worker;
drop policy if exists worker on rekindle.test_send;
create policy worker on rekindle.test_send to rekindle_worker using (true) with check (true);
grant select, insert, delete on rekindle.test_send to rekindle_worker;
grant update (outcome, reason, provider_name) on rekindle.test_send to rekindle_worker;

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

-- --------------------------------------------------------------------------------------- trials

-- Trials: some people get no push, so that the others can be compared with them; or a part of the
-- people get another text. `apply` writes a row when a trial starts. Afterwards only its end is
-- written: another share, text, horizon, outcome or day is another trial, with another id, and so
-- with other arms. rekindle.bucket gives the arms.
create table if not exists rekindle.trial (
  trial_id        uuid primary key default gen_random_uuid(),   -- random: it is the salt of the arms
  scope           text not null,             -- '*': the whole programme; or a scenario; or 'text:' and a scenario
  unit            text not null check (unit in ('person', 'chapter')),
  held            integer check (held between 100 and 5000),    -- the control group, in 1/100 %
  texts           text[],                    -- of a text trial, instead of `held`: the names, the first one first
  text_ends       integer[],                 -- for each text, the bucket below which people get it
  texts_sha256    text check (texts_sha256 ~ '^[0-9a-f]{64}$'), -- what the texts say
  horizon_seconds bigint not null check (horizon_seconds > 0),
  outcome         text not null default 'activity',
  outcome_sha256  text not null check (outcome_sha256 ~ '^[0-9a-f]{64}$'),
  worth           float8 not null check (worth > 0),            -- the difference worth knowing of, 0.05 for 5 points
  started_at      timestamptz not null default rekindle.clock(),
  until_on        date not null,             -- from this day on (UTC) nobody new is enrolled
  agreed_at       timestamptz not null,      -- the horizon and a day later: everybody has settled, and it is over
  ended_at        timestamptz,               -- when it was stopped; null: it was not
  check ((held is null) <> (texts is null)),
  check (num_nulls(texts, text_ends, texts_sha256) in (0, 3)),
  check (texts is null or (unit = 'person' and cardinality(texts) > 1 and cardinality(texts) = cardinality(text_ends)
                           and text_ends[1] > 0 and text_ends[cardinality(text_ends)] = 10000))
);
create unique index if not exists trial_one_at_a_time on rekindle.trial (scope) where ended_at is null;
alter table rekindle.trial enable row level security;
revoke all on rekindle.trial from rekindle_worker;
drop policy if exists worker on rekindle.trial;
create policy worker on rekindle.trial to rekindle_worker using (true) with check (true);
grant select, insert on rekindle.trial to rekindle_worker;
grant update (ended_at) on rekindle.trial to rekindle_worker;
create or replace trigger ends_once before update on rekindle.trial
  for each row when (old.ended_at is not null) execute function rekindle.refuse();

-- The people of a trial: the first claim of each while it enrols, in either arm, whatever became of
-- its push. The primary key makes it the first one. Once its horizon and a day for late entries are
-- over, `settled_at` is written, and the row is not changed any more. There is no foreign key: each
-- row of a claim would look up its trial.
create table if not exists rekindle.enrolment (
  trial_id         uuid not null,
  user_id          uuid not null,
  arm              text not null,            -- 'nudged' or 'held_out'; of a text trial, the name of the text
  bucket           integer not null check (bucket between 0 and 9999),
  claim_id         uuid not null,
  claimed_at       timestamptz not null,     -- the moment of the evaluation
  scenario_type    text not null,
  scenario_version integer not null,
  organisation_id  uuid,
  chapter_id       uuid,
  settled_at       timestamptz,
  came_back_at     timestamptz,              -- the first outcome within the horizon; null: there was none
  opted_out_at     timestamptz,              -- when it was settled and the person had opted out
  primary key (trial_id, user_id),
  check (settled_at is not null or (came_back_at is null and opted_out_at is null))
) with (autovacuum_vacuum_scale_factor = 0.05);
create index if not exists enrolment_person_idx on rekindle.enrolment (user_id);
create index if not exists enrolment_to_settle_idx on rekindle.enrolment (trial_id, claimed_at)
  where settled_at is null;
alter table rekindle.enrolment enable row level security;
revoke all on rekindle.enrolment from rekindle_worker;
drop policy if exists worker on rekindle.enrolment;
create policy worker on rekindle.enrolment to rekindle_worker using (true) with check (true);
grant select, insert, delete on rekindle.enrolment to rekindle_worker;
grant update (settled_at, came_back_at, opted_out_at) on rekindle.enrolment to rekindle_worker;
create or replace trigger settles_once before update on rekindle.enrolment
  for each row when (old.settled_at is not null) execute function rekindle.refuse();

-- -------------------------------------------------------------------------------------- endings

-- The outcome that a unit of the outbox becomes. This is the only list of an outcome's columns. The
-- planner inlines it if its arguments are columns and parameters. Callers therefore read `at` into
-- a column: a volatile argument would prevent inlining.
create or replace function rekindle.ended(
  unit rekindle.outbox, outcome text, reason text, run_id uuid, at timestamptz
) returns setof rekindle.outcome
language sql stable rows 1 as $$
  select unit.claim_id, unit.device_id, unit.user_id, unit.scenario_type, unit.scenario_version,
         unit.organisation_id, unit.claimed_run_id, run_id, outcome, reason, unit.occurrence, unit.other_occurrences,
         unit.idempotency_key, unit.cooldown_window_start, unit.cooldown_seconds, unit.epoch, unit.attempts, unit.armed_at, at
$$;

-- One row if a push of this claim reached somebody, or may have, or a trial held its person out;
-- otherwise no row. The limit makes Postgres look up each claim separately. As a join it could read
-- a whole table for a batch. CASE hides the condition from the planner, which combined the key with
-- the whole of outcome_sent_idx for each claim. That index grows with every person who is held out.
create or replace function rekindle.reached(claim_id uuid) returns setof boolean
language sql stable rows 1 as $$
  select true
  from (
    select 1 from rekindle.scenario_notification n where n.id = reached.claim_id
    union all
    select 1 from rekindle.outcome o
    where o.claim_id = reached.claim_id
      and case when o.outcome in ('unknown', 'held_out') then true end  -- mutant: held-out-reached
  ) push
  limit 1
$$;

-- When a gate opens again after a claim has ended. This is the only rule of the sliding cooldown:
--   this ending reached somebody, or may have: a whole cooldown from now, never sooner than before;
--   another device of the claim was reached before: unchanged;
--   certainly nobody was reached: after at most `refused_seconds`, never later than before.
-- It reads the clock, so that the time is that of the update, after the gate was locked.
create or replace function rekindle.next_at(
  gate_next_at timestamptz, cooldown_seconds bigint, reached_now boolean,
  reached_before boolean default false, refused_seconds float8 default 0
) returns timestamptz
language sql volatile as $$
  select case
    when reached_now
      then greatest(gate_next_at, rekindle.clock() + pg_catalog.make_interval(secs => cooldown_seconds))
    when reached_before then gate_next_at
    else least(
      gate_next_at,
      rekindle.clock() + pg_catalog.make_interval(secs => least(cooldown_seconds, refused_seconds)))
  end
$$;

-- Updates the cap when any statement frees a gate. A claim that reached somebody, or may have,
-- counts from now. Any other claim stops counting. It is a trigger, so that no statement can omit
-- it. It locks the caps after the gates, in order of person. `execute` plans the statement anew
-- each time. A cached plan, made when there was no notification and one gate was freed, later read
-- every notification for each of 500 gates, and compared each gate with each other.
create or replace function rekindle.recount() returns trigger
language plpgsql as $$
begin
  if not exists (select from rekindle.cap) then
    return null;
  end if;
  execute $statement$
  with freed as (
    select held.user_id, held.claim_id, coalesce(push.reached, false) as reached
    from (select user_id, scenario_type, inflight as claim_id from before where inflight is not null) held
    -- An inner join, written as a full join so that it is a hash or merge join, never a nested
    -- loop.
    full join (select user_id, scenario_type from after where inflight is null) open
      on open.user_id = held.user_id and open.scenario_type = held.scenario_type
    left join lateral rekindle.reached(held.claim_id) as push (reached) on true
    where (held.claim_id is null) is false and (open.user_id is null) is false
    order by held.user_id, held.claim_id
  ),
  locked as materialized (
    select freed.*
    from freed
    cross join lateral (
      select from rekindle.cap k where k.user_id = freed.user_id and k.counted ? freed.claim_id::text for update
    ) cap
  )
  update rekindle.cap k
  set counted = (k.counted - ended.unsent) || ended.sent
  from (
    select user_id, coalesce(array_agg(claim_id::text) filter (where not reached), '{}') as unsent,
           coalesce(jsonb_object_agg(claim_id, extract(epoch from rekindle.clock())) filter (where reached), '{}') as sent
    from locked group by user_id
  ) ended
  where k.user_id = ended.user_id
  $statement$;
  return null;
end $$;
create or replace trigger recount after update on rekindle.gate
  referencing old table as before new table as after
  for each statement execute function rekindle.recount();

-- The occurrences that a person was sent under a scenario, by any of its names: those recorded,
-- those that may have been sent, those that a trial held the person out of, and those that were
-- pruned and still count. `evaluated_at` is the moment at which the person was found due, `at` that
-- of the ending.
create or replace function rekindle.sent(user_id uuid, names text[])
returns table (occurrence text, evaluated_at timestamptz, at timestamptz)
language sql stable rows 2 as $$
  select n.occurrence, coalesce(n.cooldown_window_start, n.dispatched_at), n.dispatched_at
  from rekindle.scenario_notification n
  where n.user_id = sent.user_id and n.scenario_type = any (sent.names)
  union all
  select covered.occurrence, o.cooldown_window_start, o.at
  from rekindle.outcome o
  cross join lateral unnest(array_prepend(o.occurrence, o.other_occurrences)) as covered (occurrence)
  where o.user_id = sent.user_id and o.scenario_type = any (sent.names)
    and o.outcome in ('unknown', 'held_out')  -- mutant: held-out-sent
  union all
  select s.occurrence, s.evaluated_at, s.at
  from rekindle.spent s
  where s.user_id = sent.user_id and s.scenario_type = any (sent.names)  -- mutant: spent-by-name
$$;

-- The end of the back-off for a person who does not come back. Each push of one absence after the
-- second waits `back_off` times as long as the one before it. Null until there were two pushes. A
-- push that may have been sent counts. `absence` is the beginning of the absence's occurrences.
create or replace function rekindle.backed_off_until(
  user_id uuid, names text[], absence text, variant rekindle.variant
) returns timestamptz
language plpgsql stable as $$
declare
  pushes bigint;
  last_at timestamptz;
begin
  select count(distinct sent.occurrence), max(sent.at) into pushes, last_at
  from rekindle.sent(backed_off_until.user_id, backed_off_until.names) as sent
  where starts_with(sent.occurrence, absence);
  if pushes < 2 or variant.back_off is null then
    return null;
  end if;
  -- At most ten years, the longest time that a configuration can have.
  return last_at
    + make_interval(secs => least(variant.cooldown_seconds * variant.back_off ^ least(pushes - 1, 300), 316224000));
end $$;

-- --------------------------------------------------------------------------------------- access

-- Every change that a person or a program made: by which actor, when, and what it concerned. It has
-- no person's id, key, token or text from outside. A row is never changed.
create table if not exists rekindle.audit (
  audit_id        bigint generated always as identity primary key,
  at              timestamptz not null default rekindle.clock(),
  actor           text not null,
  action          text not null check (action ~ '^[a-z]+[.][a-z]+$'),
  scenario_type   text,
  organisation_id uuid,
  subject         text,   -- the id or name of what was changed
  details         jsonb not null default '{}' check (jsonb_typeof(details) = 'object')
);
create index if not exists audit_at_idx on rekindle.audit (at);
create index if not exists audit_action_idx on rekindle.audit (action, audit_id);
alter table rekindle.audit enable row level security;
revoke all on rekindle.audit from rekindle_worker;
drop policy if exists worker on rekindle.audit;
create policy worker on rekindle.audit to rekindle_worker using (true) with check (true);
-- A prune deletes old rows. The second policy keeps a month of them from everybody who has the
-- role.
drop policy if exists worker_prunes on rekindle.audit;
create policy worker_prunes on rekindle.audit as restrictive for delete to rekindle_worker
  using (at < rekindle.clock() - interval '31 days');
grant select, insert, delete on rekindle.audit to rekindle_worker;
create or replace trigger never_changed before update on rekindle.audit
  for each row execute function rekindle.refuse();

-- The keys of the HTTP API, each by its SHA-256. A key itself is shown once, when it is created,
-- and stored nowhere. A key that was revoked stays revoked, and keeps its row until a prune, so
-- that the audit can be read; its name may then be given to another key.
create table if not exists rekindle.api_key (
  digest        bytea primary key check (octet_length(digest) = 32),
  name          text not null check (name ~ '^[a-z0-9][a-z0-9._-]{0,62}$'),
  scope         text not null check (scope in ('read', 'operate', 'admin')),
  organisations uuid[] check (cardinality(organisations) > 0),   -- null: all
  created_at    timestamptz not null default rekindle.clock(),
  created_by    text not null,
  expires_at    timestamptz,   -- null: never
  last_used_at  timestamptz,   -- within a minute; null: never used
  revoked_at    timestamptz,
  revoked_by    text,
  check ((revoked_at is null) = (revoked_by is null))
);
create unique index if not exists api_key_name_idx on rekindle.api_key (name) where revoked_at is null;
alter table rekindle.api_key enable row level security;
revoke all on rekindle.api_key from rekindle_worker;
drop policy if exists worker on rekindle.api_key;
create policy worker on rekindle.api_key to rekindle_worker using (true) with check (true);
-- A prune deletes keys that ended long ago. The second policy keeps a key that counts, and one that
-- ended within a day, from everybody who has the role.
drop policy if exists worker_prunes on rekindle.api_key;
create policy worker_prunes on rekindle.api_key as restrictive for delete to rekindle_worker
  using (least(revoked_at, expires_at) < rekindle.clock() - interval '1 day');
grant select, insert, delete on rekindle.api_key to rekindle_worker;
grant update (last_used_at, revoked_at, revoked_by) on rekindle.api_key to rekindle_worker;
create or replace trigger stays_revoked before update on rekindle.api_key
  for each row when (old.revoked_at is not null) execute function rekindle.refuse();
-- Nor may a key end in the past, from where it could be deleted at once.
create or replace trigger ends_now before update on rekindle.api_key
  for each row when (new.revoked_at < rekindle.clock() - interval '1 minute') execute function rekindle.refuse();

insert into rekindle.schema_migration (version, name) values ('20261123090100', 'tables') on conflict do nothing;
