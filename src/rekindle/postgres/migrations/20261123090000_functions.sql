-- The ledger of Rekindle, 1 of 3: the schema, the worker's role, and the functions that need no
-- table.
--
-- Schema rekindle is private and must never be exposed over REST. It needs no extension. The role
-- that runs these files owns everything in them. Afterwards the engine needs only the role
-- rekindle_worker. Every instant is timestamptz and comes from rekindle.clock(). Every cooldown is
-- in seconds, because an interval in days would change its length with summer time. Every *_on is a
-- date.
--
-- Running a file again changes nothing, and completes an earlier attempt that did not finish. Any
-- tool may run the files, in order and each in one transaction (psql: --single-transaction).
-- `rekindle migrate` and other tools wait for each other by a lock on the table of migrations. The
-- table is private: any login could take an advisory lock, and keep everybody waiting. The first
-- two blocks make what the lock needs. If two callers make it at the same moment, the second one
-- waits for the first, and then finds it there.
do $$
begin
  create schema if not exists rekindle;
exception
  when duplicate_schema or unique_violation then null;
end $$;

do $$
begin
  create table if not exists rekindle.schema_migration (
    version    text primary key check (version ~ '^[0-9]{14}$'),
    name       text not null,
    -- Null after another tool has run the file, until `rekindle migrate` sees it.
    sha256     text check (sha256 ~ '^[0-9a-f]{64}$'),
    applied_at timestamptz not null default pg_catalog.clock_timestamp()
  );
exception
  when duplicate_table or duplicate_object or unique_violation then null;
end $$;

-- In a block, because a tool without transactions may not run a bare `lock table`.
do $$
begin
  lock table rekindle.schema_migration in share row exclusive mode;
end $$;
-- Here this caller's turn begins.

do $$
begin
  if not exists (select from pg_roles where rolname = 'rekindle_worker') then
    create role rekindle_worker nologin nosuperuser nobypassrls nocreatedb nocreaterole;
  end if;
exception
  -- Roles belong to the whole server, and another database may be migrated at the same moment.
  when duplicate_object or unique_violation then null;
end $$;

revoke all on schema rekindle from public;
grant usage on schema rekindle to rekindle_worker;

-- The only clock of the ledger. It is a function so that a test can shift it by replacing it. That
-- needs the owner's rights: no setting and no argument of the engine can do it. It advances within
-- a transaction, on purpose: now() would give a gate a time before the wait for its lock.
create or replace function rekindle.clock() returns timestamptz
language sql volatile parallel safe as $$
  select pg_catalog.clock_timestamp()
$$;

-- The moment that a query of the team's is about: in a backtest that of a tick in the past, and the
-- ledger's clock otherwise.
create or replace function rekindle.at() returns timestamptz
language sql stable as $$
  select coalesce(
    nullif(pg_catalog.current_setting('rekindle.at', true), '')::timestamptz, rekindle.clock())
$$;

-- How records name the actor of a change: as the caller says, or, if it does not say (null), by the
-- login of this session.
create or replace function rekindle.signature(actor text) returns text
language sql stable as $$
  select coalesce(actor, 'login ' || session_user)
$$;

-- ----------------------------------------------------------------------------------- migrations

alter table rekindle.schema_migration alter column applied_at set default rekindle.clock();
alter table rekindle.schema_migration enable row level security;
revoke all on rekindle.schema_migration from rekindle_worker;
drop policy if exists worker on rekindle.schema_migration;
create policy worker on rekindle.schema_migration to rekindle_worker using (true) with check (true);
grant select on rekindle.schema_migration to rekindle_worker;

-- -------------------------------------------------------------------------------- keys and names

-- Lower-case hex SHA-256 of user_id + scenario_type + iso_date. rekindle.policy.idempotency_key
-- computes the same in Python.
create or replace function rekindle.idempotency_key(user_id uuid, scenario_type text, evaluated_on date)
returns text
language sql stable parallel safe as $$
  select pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(
    user_id::text || scenario_type || pg_catalog.to_char(evaluated_on, 'YYYY-MM-DD'), 'UTF8')), 'hex')
$$;

-- The same for a scenario with `key = "occurrence"`: a colon and the occurrence follow the date. A
-- scenario's name has no colon, so no two keys come from one text. Null without an occurrence.
create or replace function rekindle.idempotency_key(
  user_id uuid, scenario_type text, evaluated_on date, occurrence text
) returns text
language sql stable parallel safe as $$
  select pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(
    user_id::text || scenario_type || pg_catalog.to_char(evaluated_on, 'YYYY-MM-DD') || ':' || occurrence,
    'UTF8')), 'hex')
$$;

-- 0 to 9,999: which part of the people somebody belongs to in a trial. rekindle.effect.assignment
-- computes the same in Python. `decode` is immutable, as convert_to is not; a backslash is doubled
-- for it.
create or replace function rekindle.bucket(salt text, scope text, unit text) returns integer
language sql immutable parallel safe as $$
  select ((('x' || pg_catalog.substr(pg_catalog.encode(pg_catalog.sha256(pg_catalog.decode(
    pg_catalog.replace(salt || ':' || scope || ':' || unit, E'\\', E'\\\\'), 'escape')), 'hex'), 1, 8))::bit(32)::bigint
    * 10000) >> 32)::integer
$$;

-- The UUID of something that the team knows by another id: always the same for the same space and
-- id, and different in another space. UUID version 8 by SHA-256, as appendix B.2 of RFC 9562 makes
-- it: of the space, in a namespace that is fixed, and then of the id, in the namespace of the
-- space. rekindle.policy.stable_uuid computes the same in Python. It is immutable, for indexes and
-- generated columns of the team's tables: the encoding of a database never changes. Null gives
-- null.
create or replace function rekindle.stable_uuid(space text, id text) returns uuid
language plpgsql immutable strict parallel safe as $$
declare
  digest bytea := pg_catalog.decode('b1d3f0a46c524e0e9d7a2f5c8e417a90', 'hex');
  part text;
begin
  foreach part in array array[space, id] loop   -- mutant: space-of-an-id
    digest := pg_catalog.substr(
      pg_catalog.sha256(digest || pg_catalog.convert_to(part, 'UTF8')), 1, 16);
    digest := pg_catalog.set_byte(digest, 6, pg_catalog.get_byte(digest, 6) & 15 | 128);   -- mutant: version-of-an-id
    digest := pg_catalog.set_byte(digest, 8, pg_catalog.get_byte(digest, 8) & 63 | 128);
  end loop;
  return pg_catalog.encode(digest, 'hex')::uuid;
end $$;
create or replace function rekindle.stable_uuid(space text, id bigint) returns uuid
language sql immutable strict parallel safe as $$
  select rekindle.stable_uuid(space, id::text)
$$;

-- A new claim's id: UUID version 7 (RFC 9562) with the microseconds in rand_a, so that ids follow
-- the order of claiming even within one statement. With random ids, every access to an index or a
-- heap page was random.
create or replace function rekindle.new_claim_id() returns uuid
language sql volatile as $$
  select pg_catalog.encode(
           pg_catalog.overlay(
             pg_catalog.uuid_send(pg_catalog.gen_random_uuid()),
             pg_catalog.substr(pg_catalog.int8send(moment.micros / 1000), 3)
               || pg_catalog.int2send((28672 + (moment.micros % 1000) * 4)::int2), 1, 8), 'hex')::uuid
  from (select (extract(epoch from rekindle.clock()) * 1000000)::bigint as micros) moment
$$;

-- The id of a device is a digest of its token. The token itself is only in the team's table and,
-- while it is needed, in the outbox.
create or replace function rekindle.device_id(target_kind text, target text) returns uuid
language sql stable parallel safe as $$
  select pg_catalog.substr(pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(
    target_kind || ':' || target, 'UTF8')), 'hex'), 1, 32)::uuid
$$;

-- A token without the blanks around it, which are not part of it. Almost no token has any, and
-- btrim counts the characters of a text: it looks at the first and the last byte before, in a fifth
-- of the time.
create or replace function rekindle.trimmed(token text) returns text
language sql stable parallel safe as $$
  select case
    when pg_catalog.ascii(token) <= 32 then pg_catalog.btrim(token, E' \t\n\r\f\v')
    when pg_catalog.get_byte(pg_catalog.convert_to(token, pg_catalog.getdatabaseencoding()),
                             pg_catalog.octet_length(token) - 1) <= 32
      then pg_catalog.btrim(token, E' \t\n\r\f\v')
    else token
  end
$$;

-- The texts as which a view may show a token: itself, and with the blanks that programs leave
-- around it. An index on the team's column finds these; a comparison of trimmed tokens reads all of
-- them.
create or replace function rekindle.spellings(token text) returns setof text
language sql stable parallel safe rows 20 as $$
  select before || rekindle.trimmed(token) || after
  from unnest(array['', ' ', E'\t', E'\n']) as before,
       unnest(array['', ' ', E'\t', E'\n', E'\r\n']) as after
$$;

-- When a device was registered, for comparison: a registration without a time is the oldest.
-- There are three functions with one name, because the team's column may have any of the types.
create or replace function rekindle.registered_at(last_registered_at timestamptz) returns timestamptz
language sql immutable parallel safe as $$
  select coalesce(last_registered_at, '-infinity')
$$;
create or replace function rekindle.registered_at(last_registered_at timestamp) returns timestamptz
language sql immutable parallel safe as $$
  select coalesce(pg_catalog.timezone('UTC', last_registered_at), '-infinity')
$$;
create or replace function rekindle.registered_at(last_registered_at date) returns timestamptz
language sql immutable parallel safe as $$
  -- A later date is out of the range of a timestamp, and would fail the statement for everybody.
  select coalesce(pg_catalog.timezone('UTC', case
    when last_registered_at > date '9999-12-30' then timestamp 'infinity' else last_registered_at::timestamp
  end), '-infinity')
$$;

-- ------------------------------------------------------------------------------- the installation

-- Where this is: the identifier of the cluster, the timeline that it writes, and the database. A
-- replica that is promoted, and a restore to a point in time, begin another timeline. A dump is
-- restored in another cluster, or in another database. '' and 0 if the server does not tell: a host
-- may have revoked these functions, or have no such log. `synchronous`: each commit waits for a
-- standby.
create or replace function rekindle.this_installation(
  out system_identifier text, out timeline bigint, out database_oid bigint, out synchronous boolean
)
language plpgsql stable as $$
begin
  synchronous := pg_catalog.current_setting('synchronous_standby_names') <> '';
  database_oid := (select d.oid::bigint from pg_catalog.pg_database d where d.datname = pg_catalog.current_database());
  begin
    system_identifier := (select c.system_identifier from pg_catalog.pg_control_system() c);
  exception
    when others then system_identifier := '';
  end;
  begin
    -- pg_control_checkpoint() has the old timeline until the checkpoint after a promotion.
    timeline := ('x' || pg_catalog.substr(
      pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()), 1, 8))::bit(32)::bigint;
  exception
    when others then timeline := 0;
  end;
end $$;

-- ------------------------------------------------------------------------------ zones and hours

-- Whether a text is a time zone of the IANA database. Postgres itself accepts much more:
-- abbreviations without summer time (CEST, and CET too, one hour wrong all summer); any text that
-- ends in a digit, as a POSIX rule, so that the typing error Europe/Osl0 silently means UTC; and
-- right/Europe/Oslo, which counts leap seconds. A name without a slash that is also an abbreviation
-- is accepted only if both mean the same all year. This function, and each function that calls it,
-- must not be parallel safe: the exception block is a subtransaction, which fails in a parallel
-- worker (measured).
create or replace function rekindle.is_zone(zone text) returns boolean
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

-- The first valid zone of: the person's own, the chapter's, the organisation's, the
-- configuration's. Null if none is valid. One person's typing error must not stop a run.
create or replace function rekindle.first_zone(variadic zones text[]) returns text
language plpgsql stable as $$
declare
  zone text;
begin
  foreach zone in array zones loop
    if rekindle.is_zone(zone) then
      return zone;
    end if;
  end loop;
  return null;
end $$;

-- Whether a moment is in [quiet_from, quiet_until) by the person's local time. The hours may span
-- midnight. The local time also decides on the days on which the clocks change. Without quiet hours
-- the answer is false. It is one expression, so that the planner inlines it (the call took 7 us per
-- person).
create or replace function rekindle.is_quiet(at timestamptz, zone text, quiet_from time, quiet_until time)
returns boolean
language sql stable parallel safe as $$
  select case
    when quiet_from is null then false
    when quiet_from < quiet_until
      then pg_catalog.timezone(zone, at)::time >= quiet_from and pg_catalog.timezone(zone, at)::time < quiet_until
    else pg_catalog.timezone(zone, at)::time >= quiet_from or pg_catalog.timezone(zone, at)::time < quiet_until
  end
$$;

-- Whether the person's local day is one of `weekdays` (1 Monday to 7 Sunday; empty: every day).
create or replace function rekindle.is_weekday(at timestamptz, zone text, weekdays int[]) returns boolean
language sql stable parallel safe as $$
  select weekdays = '{}' or extract(isodow from pg_catalog.timezone(zone, at))::int = any (weekdays)
$$;

-- The first moment of a local time on a day. If the clocks skip that time, it is the first moment
-- after the gap. If that time occurs twice, it is the first of the two. Postgres itself reads a
-- skipped time by the offset before the gap, and takes the second of two. Since 1990 every clock
-- has changed on a quarter of an hour of UTC, and none was put back by three hours or more.
create or replace function rekindle.first_moment(on_day date, wall time, zone text) returns timestamptz
language sql stable parallel safe as $$
  select case
    when said.local = asked.local and pg_catalog.timezone(zone, earlier.at) = asked.local
      then earlier.at  -- mutant: first-of-two
    when said.local = asked.local then taken.at
    else (
      select min(step.at)
      from pg_catalog.generate_series(
        pg_catalog.date_trunc('hour', taken.at - (said.local - asked.local)), taken.at, interval '15 minutes'
      ) as step (at)
      where pg_catalog.timezone(zone, step.at) >= asked.local  -- mutant: end-of-the-gap
    )
  end
  from (select on_day + wall as local) asked
  cross join lateral (select pg_catalog.timezone(zone, asked.local) as at) taken
  cross join lateral (select pg_catalog.timezone(zone, taken.at) as local) said
  -- How far the clock was ahead three hours before. If it was put back since, the same local time
  -- occurred that much earlier.
  cross join lateral (
    select taken.at + (said.local - pg_catalog.timezone(zone, taken.at - interval '3 hours') - interval '3 hours') as at
  ) earlier
$$;

-- Whether a moment is in the window [send_from, send_until) of the person's local day: from the
-- first moment of send_from, for as long as the window says. It is the long form of is_send_hour,
-- for the day after the clocks have changed.
create or replace function rekindle.is_send_hour_after_change(
  at timestamptz, zone text, send_from time, send_until time
) returns boolean
language sql stable parallel safe as $$
  select bool_or(
    is_send_hour_after_change.at >= opening.at
    and is_send_hour_after_change.at < opening.at + (send_until - send_from)
          + case when send_until <= send_from then interval '24 hours' else interval '0' end)
  from pg_catalog.generate_series(-1, 1) as ahead
  cross join lateral (
    select rekindle.first_moment(
             pg_catalog.timezone(zone, is_send_hour_after_change.at)::date + ahead, send_from, zone) as at
  ) opening
$$;

-- Whether a moment is in the person's window for pushes. The window may span midnight. Without one
-- the answer is true. If the clock has not changed for longer than a window lasts, the local time
-- decides. That is one expression, as in is_quiet, and is inlined.
create or replace function rekindle.is_send_hour(at timestamptz, zone text, send_from time, send_until time)
returns boolean
language sql stable parallel safe as $$
  select case
    when send_from is null then true
    when pg_catalog.timezone(zone, at) - pg_catalog.timezone(zone, at - interval '27 hours') <> interval '27 hours'
      then rekindle.is_send_hour_after_change(at, zone, send_from, send_until)  -- mutant: hour-after-change
    when send_from < send_until
      then pg_catalog.timezone(zone, at)::time >= send_from and pg_catalog.timezone(zone, at)::time < send_until
    else pg_catalog.timezone(zone, at)::time >= send_from or pg_catalog.timezone(zone, at)::time < send_until
  end
$$;

-- The earliest moment, from `at` on, that is on an allowed day, not in quiet hours and in the
-- window for pushes: `at` itself, the beginning of an allowed day, the end of quiet hours or the
-- beginning of the window on one. Null if there is none within 16 days; no configuration can cause
-- that. When the clocks change, a local time occurs twice (Postgres takes the second) or not at all
-- (it takes a later one). So this also tries half an hour and an hour earlier, and the full hour.
create or replace function rekindle.opens_at(
  at timestamptz, zone text, quiet_from time, quiet_until time, weekdays int[],
  send_from time default null, send_until time default null
) returns timestamptz
language sql stable parallel safe as $$
  select min(moment.at)
  from (
    select opens_at.at
    union all
    select unnest(array[turn.at, turn.at - interval '30 minutes', turn.at - interval '1 hour',
                        pg_catalog.date_trunc('hour', turn.at)])
    from pg_catalog.generate_series(0, 15) as ahead
    cross join lateral (select pg_catalog.timezone(zone, opens_at.at)::date + ahead as starts) day
    cross join unnest(array[time '00:00', quiet_until]) as hour (wall)
    cross join lateral (select pg_catalog.timezone(zone, day.starts + hour.wall) as at) turn
    where hour.wall is not null
    union all
    select rekindle.first_moment(pg_catalog.timezone(zone, opens_at.at)::date + ahead, send_from, zone)
    from pg_catalog.generate_series(0, 15) as ahead
    where send_from is not null
  ) moment
  where moment.at >= opens_at.at
    and rekindle.is_weekday(moment.at, zone, weekdays)
    and not rekindle.is_quiet(moment.at, zone, quiet_from, quiet_until)
    and rekindle.is_send_hour(moment.at, zone, send_from, send_until)
$$;

-- The calendar day of an activity for the person who did it. A date is that day already. An instant
-- depends on the zone. A timestamp without zone counts as UTC. There are three functions with one
-- name, because the team's column may have any of the three types. A moment before the year 1 or
-- after the year 9999 counts as the first or the last day of that range: one such row would
-- otherwise be out of range in some zone, and fail the statement for everybody.
create or replace function rekindle.local_day(at date, zone text) returns date
language sql stable parallel safe as $$
  select case
    when at < date '0001-01-02' then date '0001-01-02' when at > date '9999-12-30' then date '9999-12-30' else at
  end
$$;
create or replace function rekindle.local_day(at timestamptz, zone text) returns date
language sql stable parallel safe as $$
  select case
    when at < timestamptz '0001-01-03 00:00+00' then date '0001-01-02'
    when at > timestamptz '9999-12-30 00:00+00' then date '9999-12-30'
    else pg_catalog.timezone(zone, at)::date
  end
$$;
create or replace function rekindle.local_day(at timestamp, zone text) returns date
language sql stable parallel safe as $$
  select case
    when at < timestamp '0001-01-03 00:00' then date '0001-01-02'
    when at > timestamp '9999-12-30 00:00' then date '9999-12-30'
    else pg_catalog.timezone(zone, pg_catalog.timezone('UTC', at))::date
  end
$$;

-- The moment by which an activity has happened. A date counts as over once it is over in every time
-- zone of the world. A timestamp without zone counts as UTC. The range is that of local_day.
create or replace function rekindle.happened_by(at date) returns timestamptz
language sql stable parallel safe as $$
  select pg_catalog.timezone('Etc/GMT+12', (rekindle.local_day(at, 'UTC') + 1)::timestamp)
$$;
create or replace function rekindle.happened_by(at timestamptz) returns timestamptz
language sql stable parallel safe as $$
  select case
    when at < timestamptz '0001-01-02 00:00+00' then timestamptz '0001-01-02 00:00+00'
    when at > timestamptz '9999-12-30 00:00+00' then timestamptz '9999-12-30 00:00+00'
    else at
  end
$$;
create or replace function rekindle.happened_by(at timestamp) returns timestamptz
language sql stable parallel safe as $$
  select rekindle.happened_by(pg_catalog.timezone('UTC', case
    when at < timestamp '0001-01-02 00:00' then timestamp '0001-01-02 00:00'
    when at > timestamp '9999-12-30 00:00' then timestamp '9999-12-30 00:00'
    else at
  end))
$$;

-- When a person came back after a claim, if this activity shows it: an instant within the horizon
-- after the claim, or a date within as many days after the claim's local day. Null if it does not.
-- There are three functions, as of local_day.
create or replace function rekindle.back_at(activity timestamptz, claimed_at timestamptz, horizon_seconds bigint, zone text)
returns timestamptz
language sql stable parallel safe as $$
  select case
    when activity > claimed_at  -- mutant: back-after-the-claim
      and activity <= claimed_at + pg_catalog.make_interval(secs => horizon_seconds)  -- mutant: back-within-the-horizon
      then activity
  end
$$;
create or replace function rekindle.back_at(activity timestamp, claimed_at timestamptz, horizon_seconds bigint, zone text)
returns timestamptz
language sql stable parallel safe as $$
  select case
    when activity > pg_catalog.timezone('UTC', claimed_at)
      and activity <= pg_catalog.timezone('UTC', claimed_at + pg_catalog.make_interval(secs => horizon_seconds))
      then pg_catalog.timezone('UTC', activity)
  end
$$;
create or replace function rekindle.back_at(activity date, claimed_at timestamptz, horizon_seconds bigint, zone text)
returns timestamptz
language sql stable parallel safe as $$
  select case
    when activity > pg_catalog.timezone(zone, claimed_at)::date
      and activity <= pg_catalog.timezone(zone, claimed_at)::date + (horizon_seconds / 86400)::int
      then pg_catalog.timezone(zone, activity::timestamp)
  end
$$;

-- Whether an activity counts: it has happened by now, and its date is not one that programs write
-- for "never" (0001-01-01, 1970-01-01 and others; infinity). A date counts from its beginning in
-- UTC, or for the person if that is earlier. There are three functions, as of local_day.
create or replace function rekindle.happened(activity timestamptz, at timestamptz, zone text) returns boolean
language sql stable parallel safe as $$
  select activity >= timestamptz '1970-01-02 00:00:00+00' and activity <= at
$$;
create or replace function rekindle.happened(activity timestamp, at timestamptz, zone text) returns boolean
language sql stable parallel safe as $$
  select activity >= timestamp '1970-01-02' and activity <= pg_catalog.timezone('UTC', at)
$$;
create or replace function rekindle.happened(activity date, at timestamptz, zone text) returns boolean
language sql stable parallel safe as $$
  select activity >= date '1970-01-02'
    and activity <= greatest(pg_catalog.timezone('UTC', at)::date, pg_catalog.timezone(zone, at)::date)
$$;

-- The place of a day in the calendar, whatever its year: 0 to 371, as if each month had 31 days.
create or replace function rekindle.calendar_day(on_day date) returns int
language sql immutable parallel safe as $$
  select ((pg_catalog.date_part('month', on_day) - 1) * 31 + pg_catalog.date_part('day', on_day) - 1)::int
$$;

-- The day on which a day returns some years later. In a year without 29 February that is 28
-- February, or with the leap day 'mar-1' 1 March.
create or replace function rekindle.yearly(first_on date, years int, leap_day text) returns date
language sql immutable parallel safe as $$
  select case
    when leap_day = 'mar-1' and pg_catalog.to_char(first_on::timestamp, 'MMDD') = '0229'
         and pg_catalog.to_char(later.at, 'MMDD') = '0228'
      then later.at::date + 1  -- mutant: leap-day
    else later.at::date
  end
  from (select first_on + pg_catalog.make_interval(years => yearly.years) as at) later
$$;

-- The first return of a day that is not before today.
create or replace function rekindle.next_yearly(first_on date, today date, leap_day text) returns date
language sql immutable parallel safe as $$
  select case
    when this.on_day >= today then this.on_day
    else rekindle.yearly(first_on, this.years + 1, leap_day)
  end
  from (
    select age.years, rekindle.yearly(first_on, age.years, leap_day) as on_day
    from (
      select (pg_catalog.date_part('year', today) - pg_catalog.date_part('year', first_on))::int as years
    ) age
  ) this
$$;

-- The calendar day of a date or an instant that to_jsonb has written, as local_day does; null if it
-- is neither.
create or replace function rekindle.day_of(value text, zone text) returns date
language sql stable parallel safe as $$
  select case
    when value ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$' then rekindle.local_day(value::date, zone)
    when value ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+[+-][0-9:]+$' then rekindle.local_day(value::timestamptz, zone)
    when value ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+$' then rekindle.local_day(value::timestamp, zone)
  end
$$;

-- The amount of an activity, if it counts: not null, NaN or infinite, and at most a billion either
-- way, so that a sum has a bounded length. A negative one counts: it corrects another.
create or replace function rekindle.amount(amount numeric) returns numeric
language sql immutable parallel safe as $$
  select case when amount between -1000000000 and 1000000000 then amount end  -- mutant: amount
$$;

-- The name of a certificate, for comparison with another. Null is like no other.
create or replace function rekindle.same_name(name text) returns text
language sql immutable parallel safe as $$
  select pg_catalog.lower(pg_catalog.btrim(name))
$$;

-- --------------------------------------------------------------------- values of the team's rows

-- The variables of one person in a form that every client can decode: an object of scalars that are
-- not long. Python decodes neither JSON of more than about 1,000 levels nor an integer of more than
-- 4,300 digits, and a batch of units must not fail because of one row. Up to 900 bytes of text
-- neither is possible, and the object stays as it is: 0.4 us per person. In a larger one, a list of
-- up to 900 bytes stays as it is, too. Each other list, and each object, large number and text
-- becomes a text of at most 1,000 characters, which is as much as a push shows. A list or an object
-- of over 1 MB becomes null.
create or replace function rekindle.readable(variables jsonb) returns jsonb
language plpgsql stable parallel safe as $$
begin
  if pg_catalog.pg_column_size(variables) <= 900 and pg_catalog.octet_length(variables::text) <= 900 then
    return variables;
  end if;
  return (
    select pg_catalog.jsonb_object_agg(one.key, case
      when pg_catalog.jsonb_typeof(one.value) in ('boolean', 'null') then one.value
      when one.value between '-1000000000000000' and '1000000000000000' then one.value   -- numbers only
      when pg_catalog.jsonb_typeof(one.value) = 'array' and pg_catalog.pg_column_size(one.value) <= 900
        and pg_catalog.octet_length(one.value::text) <= 900 then one.value
      when pg_catalog.jsonb_typeof(one.value) <> 'string' and pg_catalog.pg_column_size(one.value) > 1000000 then null
      else pg_catalog.to_jsonb(pg_catalog.left(one.value #>> '{}', 1000))
    end)
    from pg_catalog.jsonb_each(variables) as one
  );
end $$;

-- The columns of a row of one of the team's views, also if to_jsonb fails for it: a column of type
-- json may have an escape that jsonb refuses (\u0000, half of a surrogate pair), or a number that
-- is too large. The columns that cannot be converted are then null. For views whose columns have
-- plain types, to_jsonb does the same without the cost of an exception block.
create or replace function rekindle.columns_of(source_row anyelement) returns jsonb
language plpgsql stable as $$
declare
  name text;
  value jsonb;
  columns jsonb := '{}';
begin
  begin
    return pg_catalog.to_jsonb(source_row);
  exception
    when data_exception or program_limit_exceeded or internal_error or raise_exception then null;
  end;
  for name in
    select a.attname from pg_catalog.pg_attribute a join pg_catalog.pg_class c on c.oid = a.attrelid
    where c.reltype = pg_catalog.pg_typeof(source_row) and a.attnum > 0 and not a.attisdropped
  loop
    begin
      execute pg_catalog.format('select pg_catalog.to_jsonb(($1).%I)', name) into value using source_row;
    exception
      when data_exception or program_limit_exceeded or internal_error or raise_exception then value := 'null';
    end;
    columns := columns || pg_catalog.jsonb_build_object(name, value);
  end loop;
  return columns;
end $$;

-- ------------------------------------------------------------------------------ frequency caps

-- Whether one more claim fits under every rule "at most counts[i] in any window_seconds[i]".
-- `counted` is {"claim": second of the epoch, or null while the claim is live}; a live claim may be
-- sent at any moment and counts under every rule. `outranking` is the number of claims of
-- higher-priority scenarios that count as if they had been made. Written without a query, this
-- function and the next take a quarter of the time.
create or replace function rekindle.fits(
  counted jsonb, outranking bigint, counts int[], window_seconds bigint[], at timestamptz
) returns boolean
language plpgsql stable parallel safe as $$
begin
  for rule in 1 .. cardinality(counts) loop
    if outranking + pg_catalog.jsonb_array_length(pg_catalog.jsonb_path_query_array(
         counted, '$.* ? (@ == null || @ > $since)',
         pg_catalog.jsonb_build_object('since', extract(epoch from at) - window_seconds[rule]))) >= counts[rule] then
      return false;
    end if;
  end loop;
  return true;
end $$;

-- The part of `counted` that a rule can still count. No window is longer than 31 days.
create or replace function rekindle.still_counted(counted jsonb, at timestamptz) returns jsonb
language plpgsql stable parallel safe as $$
declare
  since constant numeric := extract(epoch from at) - 2678400;
begin
  if not pg_catalog.jsonb_path_exists(
       counted, '$.* ? (@ <= $since)', pg_catalog.jsonb_build_object('since', since)) then
    return counted;
  end if;
  return (
    select coalesce(pg_catalog.jsonb_object_agg(claim.key, claim.value), '{}')
    from pg_catalog.jsonb_each(counted) as claim
    where claim.value = 'null' or claim.value::numeric > since
  );
end $$;

-- ------------------------------------------------------------------------------------- variants

-- A scenario as it applies to a group of people: to everybody (number 0), or to people in a place
-- that has an override. A later migration adds an attribute with `alter type`; it stays last.
do $$
begin
  create type rekindle.variant as (
    number            integer,
    enabled           boolean,
    thresholds        int[],      -- stages, marks or days, ascending
    absence_limit     integer,
    back_off          float8,
    leap_day          text,       -- of a yearly day: 'feb-28' or 'mar-1'
    cooldown_seconds  bigint,
    relevance_seconds bigint,
    since_on          date,       -- occasions of earlier days do not count; null: all count
    until_on          date,       -- from this local day on, nobody is due; null: no end
    max_age_days      integer,    -- occasions of a day before that do not count; null: all count
    quiet_from        time,
    quiet_until       time,
    weekdays          int[],
    send_from         time,       -- the window for pushes; as quiet hours, it may span midnight
    send_until        time,
    counts            boolean,    -- whether a push counts under the frequency caps
    cap_counts        int[],
    cap_seconds       bigint[],
    device_count      integer,    -- at most so many devices, the newest; null: all
    device_age_seconds bigint,    -- only devices that were registered within this time; null: all
    text              integer,    -- in `needs` of verdicts.sql: what the default text needs
    trials            boolean,    -- whether a trial may hold the person out
    texts             jsonb       -- {"nb": 2}: the same for the locales whose text needs something else
  );
exception
  when duplicate_object then null;
end $$;

-- The variant that applies where a person is. `places` gives the number of each place that has
-- overrides: the chapter of an organisation as "organisation:chapter", which has precedence, or the
-- organisation.
create or replace function rekindle.variant_of(
  variants rekindle.variant[], places jsonb, organisation_id uuid, chapter_id uuid
) returns rekindle.variant
language sql stable parallel safe as $$
  select variants[1 + case
    when places = '{}' then 0
    else coalesce(
      (places ->> (organisation_id || ':' || chapter_id))::int,  -- mutant: chapter-namesake
      (places ->> organisation_id::text)::int,
      0)
  end]
$$;

-- -------------------------------------------------------------------------------------- numbers

-- The sum of all counts in {"reason": count, ...}, for the CHECKs of run_scenario.
create or replace function rekindle.total(counts jsonb) returns bigint
language sql immutable parallel safe as $$
  select coalesce(sum(value::bigint), 0)::bigint from pg_catalog.jsonb_each_text(counts)
$$;

insert into rekindle.schema_migration (version, name) values ('20261123090000', 'functions') on conflict do nothing;
