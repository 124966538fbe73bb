-- The ledger of Rekindle: schema rekindle, private, never to be exposed over REST. Needs no extension.
-- The role that runs this owns everything in it; the role rekindle_worker is all that the engine needs afterwards.
-- One block, so that any tool may run it, in any order with `rekindle migrate`: whoever comes second changes nothing. (Not
-- indented, being all of the file.)
-- Every instant is timestamptz and comes from rekindle.clock(), every cooldown is in seconds (never an interval in
-- days, which a change to summer time would stretch), every *_on is a date.

do $migration$
begin
perform pg_advisory_xact_lock(hashtextextended('rekindle.migrate', 0));
if to_regclass('rekindle.schema_migration') is not null then
  if exists (select from rekindle.schema_migration where version = '20261123090000') then
    return;
  end if;
end if;

do $$
begin
  if not exists (select from pg_roles where rolname = 'rekindle_worker') then
    create role rekindle_worker nologin nosuperuser nobypassrls nocreatedb nocreaterole;
  end if;
exception
  -- Roles belong to the whole server: another database may be migrated at this very moment.
  when duplicate_object or unique_violation then null;
end $$;

create schema if not exists rekindle;
revoke all on schema rekindle from public;
grant usage on schema rekindle to rekindle_worker;

-- ---------------------------------------------------------------------------------------------- functions

-- The one clock of the ledger. A function so that a test may shift it by replacing it, which takes the owner's rights:
-- no setting and no argument of the engine can. Advances within a transaction, on purpose: now() would date a gate
-- before a lock that was waited for.
create function rekindle.clock() returns timestamptz
language sql volatile as $$ select pg_catalog.clock_timestamp() $$;

-- Lower-case hex SHA-256 of user_id + scenario_type + iso_date; rekindle.policy.idempotency_key is its twin.
create function rekindle.idempotency_key(user_id uuid, scenario_type text, evaluated_on date) returns text
language sql stable as $$
  select pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(
    user_id::text || scenario_type || pg_catalog.to_char(evaluated_on, 'YYYY-MM-DD'), 'UTF8')), 'hex')
$$;

-- A new claim's id: UUID version 7 (RFC 9562) with the microseconds in rand_a, so that ids follow the order of claiming
-- even within one statement. Random ids made every index and heap page of the pipeline a random one.
create function rekindle.new_claim_id() returns uuid
language sql volatile as $$
  select pg_catalog.encode(
           pg_catalog.overlay(
             pg_catalog.uuid_send(pg_catalog.gen_random_uuid()),
             pg_catalog.substr(pg_catalog.int8send(moment.micros / 1000), 3)
               || pg_catalog.int2send((28672 + (moment.micros % 1000) * 4)::int2), 1, 8), 'hex')::uuid
  from (select (extract(epoch from rekindle.clock()) * 1000000)::bigint as micros) moment
$$;

-- A device is known by a digest of its token, so that a token stands only in the team's table and, while it is
-- needed, in the outbox.
create function rekindle.device_id(target_kind text, target text) returns uuid
language sql stable as $$
  select pg_catalog.substr(pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(
    target_kind || ':' || target, 'UTF8')), 'hex'), 1, 32)::uuid
$$;

-- Whether a text names a zone of the IANA database. Postgres itself takes much more: abbreviations without summer time
-- (CEST, and CET too, an hour wrong all summer), any text that ends in a digit as a POSIX rule, so that a mistyped
-- Europe/Osl0 is quietly UTC, and right/Europe/Oslo, which counts leap seconds. Of names that are no Area/Place, those
-- that are abbreviations as well are taken only where both mean the same all year.
create function rekindle.is_zone(zone text) returns boolean
language plpgsql stable as $$
begin
  if zone is null or not (
    zone ~ '^[A-Za-z]+(/[A-Za-z_-]+){1,2}$' and zone !~* '^(posix|right)/'
    or zone ~ '^Etc/GMT(0|[+-][0-9]|[+-]1[0-2]|-1[34])$'
    or zone in ('UTC', 'UCT', 'Zulu', 'GMT', 'GMT0', 'GMT+0', 'GMT-0', 'EST', 'MST', 'HST')
    or zone in ('EST5EDT', 'CST6CDT', 'MST7MDT', 'PST8PDT')
    or zone ~ '^[A-Z][A-Za-z-]+$'
       and not exists (select from pg_catalog.pg_timezone_abbrevs known where known.abbrev = upper(zone))
  ) then
    return false;
  end if;
  perform pg_catalog.timezone(zone, timestamptz 'epoch');
  return true;
exception
  when invalid_parameter_value then return false;
end $$;

-- The first of these that is a zone: the person's own, the chapter's, the organisation's, the configuration's. Null if
-- none is. One person's typing mistake must not stop a run.
create function rekindle.first_zone(variadic zones text[]) returns text
language plpgsql stable as $$
declare zone text;
begin
  foreach zone in array zones loop
    if rekindle.is_zone(zone) then
      return zone;
    end if;
  end loop;
  return null;
end $$;

-- Whether a moment lies in [quiet_from, quiet_until) by the clock on the person's wall, which may span midnight. On the
-- day that summer time begins or ends, the wall decides too. Without quiet hours, never. One expression, so that the
-- server puts it in place of the call (which took 7 us a person).
create function rekindle.is_quiet(at timestamptz, zone text, quiet_from time, quiet_until time) returns boolean
language sql stable as $$
  select case when quiet_from is null then false
              when quiet_from < quiet_until then pg_catalog.timezone(zone, at)::time >= quiet_from
                                                 and pg_catalog.timezone(zone, at)::time < quiet_until
              else pg_catalog.timezone(zone, at)::time >= quiet_from
                   or pg_catalog.timezone(zone, at)::time < quiet_until end
$$;

-- Whether the day that it is for the person is one of `weekdays` (1 Monday to 7 Sunday; empty: every day is).
create function rekindle.is_weekday(at timestamptz, zone text, weekdays int[]) returns boolean
language sql stable as $$
  select weekdays = '{}' or extract(isodow from pg_catalog.timezone(zone, at))::int = any (weekdays)
$$;

-- The earliest moment, from `at` on, that is neither quiet nor on another weekday: now, or the beginning of an allowed
-- day, or the end of quiet hours on one. Null if there is none within nine days, which no configuration can say. On the
-- nights on which the clocks change, a wall time comes twice (Postgres means the second) or not at all (it means a later
-- one): half an hour and an hour before, and the full hour, are looked at too.
create function rekindle.opens_at(at timestamptz, zone text, quiet_from time, quiet_until time, weekdays int[])
returns timestamptz
language sql stable as $$
  select min(moment.at)
  from (
    select opens_at.at
    union all
    select unnest(array[turn.at, turn.at - interval '30 minutes', turn.at - interval '1 hour',
                        pg_catalog.date_trunc('hour', turn.at)])
    from pg_catalog.generate_series(0, 8) as ahead
    cross join lateral (select pg_catalog.timezone(zone, opens_at.at)::date + ahead as starts) day
    cross join unnest(array[time '00:00', quiet_until]) as hour (wall)
    cross join lateral (select pg_catalog.timezone(zone, day.starts + hour.wall) as at) turn
    where hour.wall is not null
  ) moment
  where moment.at >= opens_at.at
    and rekindle.is_weekday(moment.at, zone, weekdays)
    and not rekindle.is_quiet(moment.at, zone, quiet_from, quiet_until)
$$;

-- Whether one more claim fits under every rule "at most counts[i] in any window_seconds[i]". `counted` is
-- {"claim": second of the epoch, or null while the claim is live}; a live claim may be sent at any moment and counts
-- under every rule. `wanting` more, which go before, are taken as claimed. Without a query in it, it takes a quarter of the
-- time; so does the next.
create function rekindle.fits(counted jsonb, wanting bigint, counts int[], window_seconds bigint[], at timestamptz)
returns boolean
language plpgsql stable as $$
begin
  for rule in 1 .. cardinality(counts) loop
    if wanting + pg_catalog.jsonb_array_length(pg_catalog.jsonb_path_query_array(
         counted, '$.* ? (@ == null || @ > $since)',
         pg_catalog.jsonb_build_object('since', extract(epoch from at) - window_seconds[rule]))) >= counts[rule] then
      return false;
    end if;
  end loop;
  return true;
end $$;

-- What of `counted` any rule can still count: no window is longer than 31 days.
create function rekindle.still_counted(counted jsonb, at timestamptz) returns jsonb
language plpgsql stable as $$
declare since constant numeric := extract(epoch from at) - 2678400;
begin
  if not pg_catalog.jsonb_path_exists(counted, '$.* ? (@ <= $since)', pg_catalog.jsonb_build_object('since', since)) then
    return counted;
  end if;
  return (
    select coalesce(pg_catalog.jsonb_object_agg(claim.key, claim.value), '{}')
    from pg_catalog.jsonb_each(counted) as claim
    where claim.value = 'null' or claim.value::numeric > since
  );
end $$;

-- A scenario as it holds for some people: for everybody (number 0), or where an override makes it another.
create type rekindle.variant as (
  number            integer,
  enabled           boolean,
  thresholds        int[],      -- stages, marks or days, ascending
  absence_limit     integer,
  back_off          float8,
  cooldown_seconds  bigint,
  relevance_seconds bigint,
  quiet_from        time,
  quiet_until       time,
  weekdays          int[],
  counts            boolean,    -- whether a push counts under the frequency caps
  cap_counts        int[],
  cap_seconds       bigint[]
);

-- The variant that holds where somebody is. `places` gives the number of each place that has overrides: the chapter of an
-- organisation as "organisation:chapter", which goes first, and the organisation.
create function rekindle.variant_of(variants rekindle.variant[], places jsonb, organisation_id uuid, chapter_id uuid)
returns rekindle.variant
language sql stable as $$
  select variants[1 + case when places = '{}' then 0
                           else coalesce((places ->> (organisation_id || ':' || chapter_id))::int,
                                         (places ->> organisation_id::text)::int, 0) end]
$$;

-- The calendar day of an activity for the person who did it: a date is that day already, an instant depends on the
-- zone, a timestamp without zone is taken as UTC. Three functions of one name, because the team's column may have
-- any of the three types.
create function rekindle.local_day(at date, zone text) returns date
language sql stable as $$ select at $$;
create function rekindle.local_day(at timestamptz, zone text) returns date
language sql stable as $$ select pg_catalog.timezone(zone, at)::date $$;
create function rekindle.local_day(at timestamp, zone text) returns date
language sql stable as $$ select pg_catalog.timezone(zone, pg_catalog.timezone('UTC', at))::date $$;

-- The sum of all counts in {"reason": count, ...}, for the CHECKs below.
create function rekindle.total(counts jsonb) returns bigint
language sql immutable as $$
  select coalesce(sum(value::bigint), 0)::bigint from pg_catalog.jsonb_each_text(counts)
$$;

-- ----------------------------------------------------------------------------------------------- tables

create table rekindle.schema_migration (
  version    text primary key check (version ~ '^[0-9]{14}$'),
  name       text not null,
  sha256     text check (sha256 ~ '^[0-9a-f]{64}$'),   -- null until `rekindle migrate` has seen that another tool ran it
  applied_at timestamptz not null default rekindle.clock()
);

-- Applied configuration: a row is never changed, the highest version of a scenario_type is the one in force.
create table rekindle.scenario (
  scenario_type text not null check (scenario_type ~ '^[a-z][a-z0-9_-]{0,62}$'),
  version       integer not null check (version > 0),
  definition    jsonb not null,
  fingerprint   text not null check (fingerprint ~ '^[0-9a-f]{64}$'),
  retired       boolean not null default false,   -- no longer in the file that was applied
  applied_at    timestamptz not null default rekindle.clock(),
  applied_by    text not null default session_user,
  primary key (scenario_type, version)
);

-- What operators have switched off and on: a row is never changed, the newest of a scenario and an organisation is in
-- force (both null: everything). Who, when and why stay.
create table rekindle.switch (
  switch_id       bigint generated always as identity primary key,
  scenario_type   text,
  organisation_id uuid,
  turned          text not null check (turned in ('on', 'off')),
  reason          text,
  switched_at     timestamptz not null default rekindle.clock(),
  switched_by     text not null default session_user
);

-- The sliding cooldown. One row per person and scenario: its primary key is what makes a second push impossible.
create table rekindle.gate (
  user_id       uuid not null,
  scenario_type text not null,
  next_at       timestamptz not null,    -- the earliest moment at which a new claim may win
  inflight      uuid,                    -- the one live claim, if any
  epoch         bigint not null default 1,
  cooldown_seconds bigint,               -- the one by which the last claim was made
  primary key (user_id, scenario_type)
) with (fillfactor = 70);
create index gate_inflight_idx on rekindle.gate (user_id) where inflight is not null;

-- The frequency cap. One row per person who was claimed under a cap, and in it the claims that count: the version of it
-- that is locked decides, so no two claims can both be the last that fits. A rule may change at any time, since what
-- happened is kept and not what was left.
create table rekindle.cap (
  user_id      uuid primary key,
  counted      jsonb not null check (jsonb_typeof(counted) = 'object'),   -- see rekindle.fits
  rule_counts  int[] not null default '{}',      -- the rules that the last claim was weighed by
  rule_seconds bigint[] not null default '{}'
) with (fillfactor = 70);

create table rekindle.run (
  run_id         uuid primary key,
  status         text not null default 'running'
                 check (status in ('running', 'done', 'budget', 'incomplete', 'halted', 'abandoned')),
  started_at     timestamptz not null default rekindle.clock(),
  finished_at    timestamptz,
  budget_seconds numeric not null check (budget_seconds > 0),
  dispatcher     text not null,
  halted_by      text,
  request_key    text unique,   -- the Idempotency-Key under which it was asked for over HTTP, and what was asked
  request_sha256 text check (request_sha256 ~ '^[0-9a-f]{64}$'),
  evaluated bigint not null default 0, not_due bigint not null default 0,
  refused   bigint not null default 0, claimed bigint not null default 0, carried bigint not null default 0,
  recorded  bigint not null default 0, skipped bigint not null default 0, dead    bigint not null default 0,
  unknown   bigint not null default 0, pending bigint not null default 0, handed_over bigint not null default 0,
  pushes    bigint not null default 0,
  check ((status = 'running') = (finished_at is null)),
  check ((request_key is null) = (request_sha256 is null)),
  check (least(not_due, refused, claimed, carried, recorded, skipped, dead, unknown, pending, handed_over, pushes) >= 0),
  constraint run_everyone_is_accounted_for check (evaluated = not_due + refused + claimed),
  constraint run_every_claim_is_accounted_for
    check (claimed + carried = recorded + skipped + dead + unknown + pending + handed_over)
);
create index run_started_idx on rekindle.run (started_at desc);
create index run_running_idx on rekindle.run (started_at) where status = 'running';

-- The same numbers for each scenario of a run, in people; pushes alone counts devices.
create table rekindle.run_scenario (
  run_id        uuid not null references rekindle.run on delete cascade,
  scenario_type text not null,
  position      integer not null,
  evaluated bigint not null default 0, not_due bigint not null default 0,
  refused   bigint not null default 0, claimed bigint not null default 0, carried bigint not null default 0,
  recorded  bigint not null default 0, skipped bigint not null default 0, dead    bigint not null default 0,
  unknown   bigint not null default 0, pending bigint not null default 0, handed_over bigint not null default 0,
  pushes    bigint not null default 0,
  refusals  jsonb not null default '{}',   -- due and not claimed: {"cooldown": 12, "no_token": 3}
  reasons   jsonb not null default '{}',   -- endings after a claim: {"skipped:unregistered": 1}
  confirmed bigint not null default 0,     -- of those claimed: whom the guard would have held back, or who was named
  at        timestamptz not null default rekindle.clock(),
  primary key (run_id, scenario_type),
  check (least(not_due, refused, claimed, carried, recorded, skipped, dead, unknown, pending, handed_over, pushes) >= 0),
  check (confirmed between 0 and claimed),
  constraint run_scenario_everyone_is_accounted_for check (evaluated = not_due + refused + claimed),
  constraint run_scenario_every_refusal_has_a_reason check (refused = rekindle.total(refusals)),
  constraint run_scenario_every_claim_is_accounted_for
    check (claimed + carried = recorded + skipped + dead + unknown + pending + handed_over)
);
-- What the guard counts: see guard.sql.
create index run_scenario_claimed_idx on rekindle.run_scenario (at) where claimed > 0;
create index run_scenario_latest_idx on rekindle.run_scenario (scenario_type, at desc);

-- Live units only: one per claim and device. Whatever ends leaves this table in the transaction that says how.
create table rekindle.outbox (
  claim_id              uuid not null,
  device_id             uuid not null,
  user_id               uuid not null,
  scenario_type         text not null,
  scenario_version      integer not null,
  organisation_id       uuid,
  claimed_run_id        uuid not null,            -- the run that claimed it
  run_id                uuid not null,            -- the run that worked on it last
  idempotency_key       text not null,            -- fixed, with its date, by the claim
  cooldown_window_start timestamptz not null,     -- the moment of the evaluation that won the gate
  cooldown_seconds      bigint not null check (cooldown_seconds > 0),
  occurrence            text not null,
  priority              smallint not null,
  turn                  integer not null,         -- among its organisation's: all first ones go before any second one
  target_kind           text not null check (target_kind in ('token', 'fid')),
  target                text not null,
  locale                text,
  variables             jsonb not null,
  variant               integer not null,         -- of that version: 0 for everybody, else the override that holds there
  timezone              text,                     -- the person's, by which quiet hours and weekdays are read
  quiet_from            time,
  quiet_until           time,
  weekdays              int[] not null default '{}',
  inactive_since_on     date,                     -- of inactivity: void once there is an activity after this day
  state                 text not null default 'claimed'
                        check (state in ('claimed', 'dispatching', 'retry', 'unknown')),
  epoch                 bigint not null default 1,   -- fencing token: a new holder raises it
  owner                 uuid,                        -- the run that holds the lease
  lease_until           timestamptz,
  attempts              integer not null default 0,
  uncertain             boolean not null default false, -- once it may have been accepted: recorded or unknown, nothing else
  resend                boolean not null default false, -- the scenario's policy: send once more after an uncertain send
  reason                text,                        -- why it waits (retry) or is held (unknown)
  next_try_at           timestamptz not null,
  give_up_at            timestamptz not null,        -- relevance deadline: never sent after it
  claimed_at            timestamptz not null,
  armed_at              timestamptz,
  primary key (claim_id, device_id),
  constraint outbox_one_live_claim unique (user_id, scenario_type, device_id),
  check ((owner is null) or (lease_until is not null)),
  check ((quiet_from is null) = (quiet_until is null)),
  check (timezone is not null or (quiet_from is null and weekdays = '{}'))
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_cost_delay = 0);
create index outbox_owned_idx on rekindle.outbox (owner, priority desc, turn, claim_id, device_id)
  where state = 'claimed' and owner is not null;
create index outbox_ready_idx on rekindle.outbox (next_try_at, turn) where state in ('claimed', 'retry');
create index outbox_lease_idx on rekindle.outbox (lease_until) where state in ('dispatching', 'unknown');

-- The record: one row per claim, written only after an acceptance, never changed afterwards.
create table rekindle.scenario_notification (
  id                    uuid primary key,          -- the claim's id
  user_id               uuid not null,
  scenario_type         text not null,
  dispatched_at         timestamptz not null default clock_timestamp(),
  idempotency_key       text not null,
  scenario_version      integer,
  organisation_id       uuid,
  run_id                uuid,
  occurrence            text,
  cooldown_window_start timestamptz,
  constraint scenario_notification_idempotency_key unique (idempotency_key),
  constraint scenario_notification_window unique (user_id, scenario_type, cooldown_window_start)
);
create index scenario_notification_occurrence_idx
  on rekindle.scenario_notification (user_id, scenario_type, occurrence);
create index scenario_notification_dispatched_idx on rekindle.scenario_notification (dispatched_at);

-- One row per device that accepted.
create table rekindle.delivery (
  claim_id       uuid not null references rekindle.scenario_notification (id) on delete cascade,
  device_id      uuid not null,
  user_id        uuid not null,
  scenario_type  text not null,
  claimed_run_id uuid not null,
  run_id         uuid not null,
  provider_name  text not null,
  accepted_at    timestamptz not null default rekindle.clock(),
  attempts       integer not null,
  was_unknown    boolean not null default false,   -- the answer came after the unit had been given up as unknown
  primary key (claim_id, device_id)
);
create index delivery_run_idx on rekindle.delivery (run_id);

-- Every other ending, with its reason. An unknown one keeps all that a late answer needs to become a record.
create table rekindle.outcome (
  claim_id              uuid not null,
  device_id             uuid not null,
  user_id               uuid not null,
  scenario_type         text not null,
  scenario_version      integer not null,
  organisation_id       uuid,
  claimed_run_id        uuid not null,
  run_id                uuid not null,
  outcome               text not null check (outcome in ('skipped', 'dead', 'unknown')),
  reason                text not null,
  occurrence            text not null,
  idempotency_key       text not null,
  cooldown_window_start timestamptz not null,
  cooldown_seconds      bigint not null,
  epoch                 bigint not null,
  attempts              integer not null,
  armed_at              timestamptz,
  at                    timestamptz not null default rekindle.clock(),
  primary key (claim_id, device_id)
);
create index outcome_run_idx on rekindle.outcome (run_id);
create index outcome_unknown_idx on rekindle.outcome (user_id, scenario_type, occurrence) where outcome = 'unknown';
create index outcome_at_idx on rekindle.outcome (at);

-- Tokens that the provider has proven dead. A token registered again after `sent_at` is alive again by itself.
create table rekindle.disabled_token (
  device_id   uuid primary key,
  reason      text not null,
  sent_at     timestamptz not null,
  disabled_at timestamptz not null default rekindle.clock()
);

-- Whatever statement lets a gate go of its claim, the cap learns how the claim ended: what reached somebody, or may have,
-- counts from now; what did not counts no more. A trigger, so that no statement can forget it. The caps are locked after
-- the gates, in order of person. Planned anew each time (execute): a kept plan, made when no notification was there yet
-- and one gate was let go, later read every notification for each of 500 gates, and compared each gate with each.
create function rekindle.recount() returns trigger
language plpgsql as $$
begin
  if not exists (select from rekindle.cap) then
    return null;
  end if;
  execute $statement$
  with freed as (
    select held.user_id, held.claim_id, coalesce(recorded.reached, uncertain.reached, false) as reached
    from (select user_id, scenario_type, inflight as claim_id from before where inflight is not null) held
    -- Full for its way of joining alone (see claim.sql).
    full join (select user_id, scenario_type from after where inflight is null) open
      on open.user_id = held.user_id and open.scenario_type = held.scenario_type
    -- Looked up each on its own, and never by reading a whole table for a batch.
    left join lateral (
      select true as reached from rekindle.scenario_notification n where n.id = held.claim_id limit 1
    ) recorded on true
    left join lateral (
      select true as reached from rekindle.outcome o where o.claim_id = held.claim_id and o.outcome = 'unknown' limit 1
    ) uncertain on true
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
create trigger recount after update on rekindle.gate
  referencing old table as before new table as after
  for each statement execute function rekindle.recount();

-- How long somebody who never comes back is left alone: each push of one absence after the second waits `back_off` times as
-- long as the one before it. Null until there were two. What may have been sent counts.
create function rekindle.backed_off_until(user_id uuid, scenario_type text, inactive_since_on date, variant rekindle.variant)
returns timestamptz
language plpgsql stable as $$
declare pushes bigint; last_at timestamptz;
begin
  select count(distinct sent.occurrence), max(sent.at) into pushes, last_at
  from (
    select n.occurrence, n.dispatched_at as at from rekindle.scenario_notification n
    where n.user_id = backed_off_until.user_id and n.scenario_type = backed_off_until.scenario_type
    union all
    select o.occurrence, o.at from rekindle.outcome o
    where o.user_id = backed_off_until.user_id and o.scenario_type = backed_off_until.scenario_type and o.outcome = 'unknown'
  ) sent
  where starts_with(sent.occurrence, 'inactive:' || inactive_since_on || ':');
  if pushes < 2 or variant.back_off is null then
    return null;
  end if;
  -- No longer than a configuration can say: ten years.
  return last_at + make_interval(secs => least(variant.cooldown_seconds * variant.back_off ^ least(pushes - 1, 300), 316224000));
end $$;

-- ----------------------------------------------------------------------------------------------- rights

do $$
declare item record;
begin
  for item in select c.oid::regclass as name from pg_class c
              where c.relnamespace = 'rekindle'::regnamespace and c.relkind = 'r' loop
    execute format('alter table %s enable row level security', item.name);
    execute format('create policy worker on %s to rekindle_worker using (true) with check (true)', item.name);
  end loop;
  for item in select p.oid::regprocedure as name from pg_proc p
              where p.pronamespace = 'rekindle'::regnamespace loop
    execute format('revoke execute on function %s from public', item.name);
    execute format('grant execute on function %s to rekindle_worker', item.name);
  end loop;
end $$;
grant select on all tables in schema rekindle to rekindle_worker;
grant insert on rekindle.scenario, rekindle.switch to rekindle_worker;
grant insert, update on rekindle.gate, rekindle.cap, rekindle.run, rekindle.run_scenario, rekindle.scenario_notification,
  rekindle.disabled_token to rekindle_worker;
grant insert, update, delete on rekindle.outbox to rekindle_worker;
grant insert on rekindle.delivery to rekindle_worker;
grant insert, update, delete on rekindle.outcome to rekindle_worker;

-- What everybody may do unless somebody has taken it away: connect, and stage what a run compares in temporary tables.
do $$
begin
  execute format('grant connect, temporary on database %I to rekindle_worker', current_database());
exception
  when insufficient_privilege then null;   -- the owner of the database is somebody else, who must then see to it
end $$;

insert into rekindle.schema_migration (version, name) values ('20261123090000', 'ledger');
end $migration$;
