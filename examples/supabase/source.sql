-- What Rekindle may read of this app: views over its tables, which it reads as rekindle_worker. Run
-- it as `postgres`, which owns the tables and then the views. A view reads with its owner's rights,
-- so the policies for the app's users do not hide rows from Rekindle, and the users gain no access.
-- Copy this file into supabase/migrations unchanged.

create schema if not exists rekindle_source;
revoke all on schema rekindle_source from public;

-- One row per person: the first of several memberships counts. People who are banned from signing
-- in are not nudged.
create or replace view rekindle_source.recipient as
select distinct on (p.id)
       p.id as user_id, m.org_id as organisation_id, m.branch_id as chapter_id, p.tz as timezone,
       p.locale::text as locale,
       p.deleted_at is null and coalesce(u.banned_until <= now(), true) as active,
       split_part(p.full_name, ' ', 1) as first_name
from public.profiles p
join auth.users u on u.id = p.id
join public.memberships m on m.profile_id = p.id and m.role = 'mentor'
order by p.id, m.joined_at, m.org_id;

create or replace view rekindle_source.activity as
select profile_id as user_id, occurred_at as activity_date
from public.activity_log;

create or replace view rekindle_source.certification as
select id as certification_id, profile_id as user_id, title as name, valid_to as expires_on
from public.certificates;

create or replace view rekindle_source.device_token as
select profile_id as user_id, fcm_token as token, 'token'::text as target_kind, os as platform,
       updated_at as last_registered_at
from public.push_tokens;

create or replace view rekindle_source.organisation as
select id as organisation_id, display_name as name, tz as timezone
from public.organisations;

create or replace view rekindle_source.chapter as
select id as chapter_id, org_id as organisation_id, name, null::text as timezone
from public.branches;

create or replace view rekindle_source.preference as
select profile_id as user_id, topic as scenario_type, not push_enabled as opted_out
from public.notification_settings;

grant usage on schema rekindle_source to rekindle_worker;
grant select on all tables in schema rekindle_source to rekindle_worker;
