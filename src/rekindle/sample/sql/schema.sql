-- The tables of a peer-support programme as its own team might have made them: nothing here knows
-- of Rekindle, and neither names nor types are those of the contract. Keys, foreign keys and
-- indexes come in keys.sql, after the rows:
-- checked one row at a time they would take most of the time that filling takes.
-- Fails, with nothing done, where a schema `programme` exists: it may be a team's own.
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

-- Ids as an authentication service gives them out. What people or apps typed in is kept as it came:
-- a time zone may be missing or misspelt.
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

create table programme.push_tokens (
  token text not null,
  mentor_id uuid not null,
  kind text not null check (kind in ('token', 'fid')),
  platform text not null check (platform in ('android', 'ios', 'web')),
  last_seen_at timestamptz not null
);

-- topic null: all topics.
create table programme.notification_settings (
  mentor_id uuid not null,
  topic text,
  muted boolean not null
);
