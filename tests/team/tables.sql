-- A team's tables and the views over them. They allow everything that a view may show: missing
-- values, a person twice.
create schema team;
create table team.organisation (organisation_id uuid primary key, timezone text, name text);
create table team.chapter (chapter_id uuid primary key, timezone text, name text);
create table team.person (
  user_id         uuid,
  organisation_id uuid,
  timezone        text,
  locale          text,
  active          boolean default true,
  first_name      text,
  chapter_id      uuid
);
create table team.membership (user_id uuid, organisation_id uuid, chapter_id uuid);
create index on team.membership (user_id);
create table team.preference (user_id uuid, scenario_type text, opted_out boolean);
create table team.activity (user_id uuid, activity_date timestamptz, amount float8);
create index on team.activity (user_id, activity_date);
create table team.certificate (
  certification_id uuid primary key, user_id uuid, name text, expires_on date
);
create table team.event (event_id text, user_id uuid, name text, starts_at timestamptz);
create index on team.event (user_id, starts_at);
create table team.device (
  user_id            uuid,
  token              text,
  target_kind        text default 'token',
  last_registered_at timestamptz,
  platform           text default 'android'
);
-- The people who are due under a scenario of kind sql, for tests in which the reason does not
-- matter.
create table team.wanted (user_id uuid, occurrence text, variables jsonb);

create schema rekindle_source;
create view rekindle_source.recipient as
  select user_id, organisation_id, chapter_id, timezone, locale, active, first_name from team.person;
create view rekindle_source.organisation as select organisation_id, name, timezone from team.organisation;
create view rekindle_source.chapter as
  select chapter_id, null::uuid as organisation_id, name, timezone from team.chapter;
create view rekindle_source.membership as select user_id, organisation_id, chapter_id from team.membership;
create view rekindle_source.preference as select user_id, scenario_type, opted_out from team.preference;
create view rekindle_source.activity as select user_id, activity_date from team.activity;
create view rekindle_source.certification as
  select certification_id, user_id, name, expires_on from team.certificate;
create view rekindle_source.event as select event_id, user_id, name, starts_at from team.event;
create view rekindle_source.device_token as
  select user_id, token, target_kind, platform, last_registered_at from team.device;
grant usage on schema rekindle_source to rekindle_worker;
grant select on all tables in schema rekindle_source to rekindle_worker;
