-- The tables of a peer-support programme, as its own team might have made them. Nothing here
-- depends on Rekindle, and the names and types differ from the contract. Keys, foreign keys and
-- indexes follow in keys.sql, after the rows: checking them row by row would take most of the time
-- of the filling. If a schema `programme` exists, this fails and changes nothing, because the
-- schema may be a team's.
create schema programme;

create table programme.organisations (
  id uuid not null,
  name text not null,
  time_zone text
);

create table programme.chapters (
  id uuid not null,
  organisation_id uuid not null,
  name text not null,
  time_zone text
);

-- Ids as from an authentication service. Values that people or apps entered are stored unchanged: a
-- time zone may be missing or misspelt.
create table programme.mentors (
  id uuid not null,
  organisation_id uuid not null,
  chapter_id uuid,
  first_name text not null,
  time_zone text,
  language text,
  status text not null check (status in ('active', 'paused', 'left')),
  joined_at timestamptz not null
);

create table programme.activity_log (
  id bigint generated always as identity,
  mentor_id uuid not null,
  kind text not null,
  happened_at timestamptz not null
);

create table programme.certificates (
  id uuid not null,
  mentor_id uuid not null,
  title text not null,
  valid_until date not null
);

-- Empty: no scenario of the demo is about shifts.
create table programme.shifts (
  id uuid primary key,
  mentor_id uuid not null,
  title text not null,
  starts_at timestamptz not null,
  cancelled_at timestamptz
);

create table programme.push_tokens (
  token text not null,
  mentor_id uuid not null,
  kind text not null check (kind in ('token', 'fid')),
  platform text not null check (platform in ('android', 'ios', 'web')),
  last_seen_at timestamptz not null
);

-- topic null means all topics.
create table programme.notification_settings (
  mentor_id uuid not null,
  topic text,
  muted boolean not null
);
