-- The views that Rekindle reads (schema rekindle_source), over the sample programme. `first_name`
-- is not part of the contract: every further column of `recipient` is a variable for the texts.
create schema if not exists rekindle_source;
revoke all on schema rekindle_source from public;

create view rekindle_source.recipient as
select id as user_id, organisation_id, chapter_id, time_zone as timezone, language as locale,
       status = 'active' as active, first_name
from programme.mentors;

create view rekindle_source.activity as
select mentor_id as user_id, happened_at as activity_date
from programme.activity_log;

create view rekindle_source.certification as
select id as certification_id, mentor_id as user_id, title as name, valid_until as expires_on
from programme.certificates;

create view rekindle_source.event as
select id as event_id, mentor_id as user_id, title as name, starts_at
from programme.shifts
where cancelled_at is null;

create view rekindle_source.device_token as
select mentor_id as user_id, token, kind as target_kind, platform, last_seen_at as last_registered_at
from programme.push_tokens;

create view rekindle_source.organisation as
select id as organisation_id, name, time_zone as timezone
from programme.organisations;

create view rekindle_source.chapter as
select id as chapter_id, organisation_id, name, time_zone as timezone
from programme.chapters;

create view rekindle_source.preference as
select mentor_id as user_id, topic as scenario_type, muted as opted_out
from programme.notification_settings;

-- `rekindle migrate` creates the role. A database that only shows the programme may not have it.
do $$
begin
  if exists (select from pg_roles where rolname = 'rekindle_worker') then
    grant usage on schema rekindle_source to rekindle_worker;
    grant select on all tables in schema rekindle_source to rekindle_worker;
  end if;
end
$$;
