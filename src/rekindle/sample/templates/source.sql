-- What Rekindle may read of your database: views in the schema rekindle_source, over your own
-- tables.
--
-- You own these views. Rekindle only reads them, as the role rekindle_worker, and never touches
-- your tables.
--
--   1. Run `rekindle migrate`. It creates the role rekindle_worker, which the grants below need.
--   2. Replace the names of tables and columns by yours in every line marked EDIT. This file is
--      written for the tables of the demo (schema `programme`). On another database it fails at the
--      first view and changes nothing.
--   3. Run it as the owner of your tables:
--      psql "$REKINDLE_DATABASE_URL" -v ON_ERROR_STOP=1 -f source.sql
--   4. Run `rekindle check`. It says which view, column or index is missing, and which type is
--      wrong.
--
-- You may run it again after every change: it replaces all views in one transaction. If your
-- migration tool opens a transaction itself (Supabase's does), delete the lines `begin;` and
-- `commit;`.
--
-- Every scenario needs `recipient` and `device_token`. The comment on each view says which
-- scenarios need it. Delete a view that none of your scenarios uses.
--
-- Do not add rekindle_source to the schemas that your API exposes (in Supabase the setting "Exposed
-- schemas"): it contains device tokens. A view reads with the rights of its owner. If the owner of
-- your tables owns the views, row level security on the tables does not hide rows from them.

begin;

create schema if not exists rekindle_source;
revoke all on schema rekindle_source from public;


-- -------------------------------------------------------------------------------------------------
-- recipient: the people, one row per person. For every scenario.
--
--   user_id          uuid      the person; not null, unique
--   organisation_id  uuid      for runs and reports by organisation; may be null
--   chapter_id       uuid      may be null
--   timezone         text      such as Europe/Oslo; if not valid: chapter, organisation, run
--   locale           text      such as nb or nb-NO: which text the person reads; may be null
--   active           boolean   false or null: never nudged
--
-- A scenario of kind onboarding needs joined_at (timestamptz or date) too. One of kind date names
-- the column that it needs, such as birthday (date).
--
-- Every further column is a variable for the texts of every scenario: with first_name below, a text
-- may say {first_name}. Give it a lower-case name, and only what may appear on a locked screen. If
-- you have none, delete the line and the comma before it, and remove {first_name} from the texts in
-- rekindle.toml.
-- -------------------------------------------------------------------------------------------------
drop view if exists rekindle_source.recipient;
create view rekindle_source.recipient as
select m.id                  as user_id,           -- EDIT  for example  p.id
       m.organisation_id     as organisation_id,   -- EDIT               p.org_id, or null::uuid
       m.chapter_id          as chapter_id,        -- EDIT               p.branch_id, or null::uuid
       m.time_zone           as timezone,          -- EDIT               p.tz, or 'Europe/Oslo'::text for everybody
       m.language            as locale,            -- EDIT               p.locale, or null::text
       m.status = 'active'   as active,            -- EDIT               p.deleted_at is null
       m.first_name          as first_name         -- EDIT               split_part(p.full_name, ' ', 1)
from programme.mentors m;                          -- EDIT               public.profiles p


-- -------------------------------------------------------------------------------------------------
-- activity: what people did, one row for each time. For inactivity, onboarding, milestone.
--
--   user_id          uuid
--   activity_date    timestamptz, or date    when; days are counted in the person's time zone. It
--                                            counts only once it has happened
--   amount           a number                optional: hours, sessions. Only a milestone with
--                                            of = "sum" reads it
--
-- Use the plain columns, without a function or a cast around them: the index (see the end) works
-- only for those.
-- -------------------------------------------------------------------------------------------------
drop view if exists rekindle_source.activity;
create view rekindle_source.activity as
select a.mentor_id           as user_id,           -- EDIT  for example  a.user_id
       a.happened_at         as activity_date      -- EDIT               a.activity_date
from programme.activity_log a;                     -- EDIT               public.activities a


-- -------------------------------------------------------------------------------------------------
-- certification: certificates that expire, one row per certificate. For expiry.
--
--   certification_id uuid      once only
--   user_id          uuid
--   name             text      the variable {certificate}; one of the same name that lasts longer
--                              replaces it
--   expires_on       date      the last day on which it is valid; null: never due
-- -------------------------------------------------------------------------------------------------
drop view if exists rekindle_source.certification;
create view rekindle_source.certification as
select c.id                  as certification_id,  -- EDIT  for example  c.id
       c.mentor_id           as user_id,           -- EDIT               c.profile_id
       c.title               as name,              -- EDIT               c.kind
       c.valid_until         as expires_on         -- EDIT               (c.expires_at at time zone 'Europe/Oslo')::date
from programme.certificates c;                     -- EDIT               public.certifications c


-- -------------------------------------------------------------------------------------------------
-- event: shifts, appointments: one row for each person and event. For event.
--
--   event_id         uuid, text or a number   once only for a person; never used again
--   user_id          uuid
--   name             text         the variable {event}
--   starts_at        timestamptz  the instant at which it begins. A timestamp without a time zone
--                                 becomes one by  at time zone 'Europe/Oslo'
--
-- Leave out what was cancelled, also after it was shown: nothing is sent about an event that is not
-- here, or that begins at another time by now.
-- -------------------------------------------------------------------------------------------------
drop view if exists rekindle_source.event;
create view rekindle_source.event as
select s.id                  as event_id,          -- EDIT  for example  s.shift_id
       s.mentor_id           as user_id,           -- EDIT               s.profile_id
       s.title               as name,              -- EDIT               s.role || ', ' || s.place
       s.starts_at           as starts_at          -- EDIT               s.begins_at
from programme.shifts s                            -- EDIT               public.shifts s
where s.cancelled_at is null;                      -- EDIT               s.status = 'booked'


-- -------------------------------------------------------------------------------------------------
-- device_token: where a push goes, one row for each device. For every scenario.
--
--   user_id             uuid
--   token               text         the FCM registration token, or the Firebase Installation ID
--   target_kind         text         'token' or 'fid': which of the two it is
--   platform            text         such as android, ios, web; may be null
--   last_registered_at  timestamptz  when the app last registered it; may be null. The newest
--                                    registration owns a token. A dead token is used again only if
--                                    it was registered after FCM refused it
-- -------------------------------------------------------------------------------------------------
drop view if exists rekindle_source.device_token;
create view rekindle_source.device_token as
select t.mentor_id           as user_id,           -- EDIT  for example  d.user_id
       t.token               as token,             -- EDIT               d.fcm_token
       t.kind                as target_kind,       -- EDIT               'token'::text
       t.platform            as platform,          -- EDIT               d.os, or null::text
       t.last_seen_at        as last_registered_at -- EDIT               d.updated_at
from programme.push_tokens t;                      -- EDIT               public.devices d


-- -------------------------------------------------------------------------------------------------
-- organisation: a time zone for its people, and the name that commands show next to its id. Delete
-- it if you have none.
--
--   organisation_id  uuid      once only
--   name             text      may be null
--   timezone         text      may be null
-- -------------------------------------------------------------------------------------------------
drop view if exists rekindle_source.organisation;
create view rekindle_source.organisation as
select o.id                  as organisation_id,   -- EDIT  for example  o.id
       o.name                as name,              -- EDIT               o.display_name
       o.time_zone           as timezone           -- EDIT               null::text
from programme.organisations o;                    -- EDIT               public.orgs o


-- -------------------------------------------------------------------------------------------------
-- chapter: the parts of an organisation. Delete it if you have none.
--
--   chapter_id       uuid      once only
--   organisation_id  uuid
--   name             text      may be null
--   timezone         text      may be null
-- -------------------------------------------------------------------------------------------------
drop view if exists rekindle_source.chapter;
create view rekindle_source.chapter as
select c.id                  as chapter_id,        -- EDIT  for example  b.id
       c.organisation_id     as organisation_id,   -- EDIT               b.org_id
       c.name                as name,              -- EDIT               b.name
       c.time_zone           as timezone           -- EDIT               b.tz
from programme.chapters c;                         -- EDIT               public.branches b


-- -------------------------------------------------------------------------------------------------
-- preference: opt-outs. Delete it if your app has no such setting. People who must never get a push
-- do not belong in `recipient`, or are not `active` there.
--
--   user_id          uuid
--   scenario_type    text      the NAME of [scenario.NAME], in any case; null, empty, all or *: all
--                              of them. `rekindle check` counts names that no scenario has
--   opted_out        boolean   true: gets no push of it
-- -------------------------------------------------------------------------------------------------
drop view if exists rekindle_source.preference;
create view rekindle_source.preference as
select s.mentor_id           as user_id,           -- EDIT  for example  s.user_id
       s.topic               as scenario_type,     -- EDIT               null::text
       s.muted               as opted_out          -- EDIT               not s.push_enabled
from programme.notification_settings s;            -- EDIT               public.settings s


-- -------------------------------------------------------------------------------------------------
-- membership: further organisations and chapters of a person. It is a comment because the demo's
-- people have one each. Use it if yours may have several; `recipient` keeps the home.
--
--   user_id          uuid
--   organisation_id  uuid
--   chapter_id       uuid      may be null
-- -------------------------------------------------------------------------------------------------
-- drop view if exists rekindle_source.membership;
-- create view rekindle_source.membership as
-- select m.person_id as user_id, m.organisation_id, m.chapter_id from public.members m;


-- -------------------------------------------------------------------------------------------------
-- opened: which pushes were opened, for `rekindle report`. It is a comment because the demo's app
-- does not store it. docs/how-to/opened-pushes.md shows how yours can.
--
--   claim_id         uuid         the push's data has it
--   opened_at        timestamptz
-- -------------------------------------------------------------------------------------------------
-- drop view if exists rekindle_source.opened;
-- create view rekindle_source.opened as select o.claim_id, o.opened_at from public.push_opens o;


grant usage on schema rekindle_source to rekindle_worker;
grant select on all tables in schema rekindle_source to rekindle_worker;

commit;


-- -------------------------------------------------------------------------------------------------
-- Indexes on your own tables. They are comments because `concurrently`, which lets your app
-- continue writing, is not allowed inside a transaction. Run each separately, with your names in
-- it.
--
-- Required before an inactivity scenario may be enabled: (user_id, activity_date), in this order,
-- by your names. With it, one statement finds everybody's last activity without reading all the
-- others:
--
--   create index concurrently if not exists activity_log_mentor_id_happened_at_idx
--     on programme.activity_log (mentor_id, happened_at);   -- EDIT
--
-- Recommended: certificates by their last valid day, events by person and by their beginning, and
-- device tokens by person and by token:
--
--   create index concurrently if not exists certificates_valid_until_idx
--     on programme.certificates (valid_until);               -- EDIT
--
--   create index concurrently if not exists shifts_mentor_id_starts_at_idx
--     on programme.shifts (mentor_id, starts_at);            -- EDIT
--
--   create index concurrently if not exists shifts_starts_at_idx
--     on programme.shifts (starts_at);                       -- EDIT
--
--   create index concurrently if not exists push_tokens_mentor_id_idx
--     on programme.push_tokens (mentor_id);                  -- EDIT
--
--   create index concurrently if not exists push_tokens_token_idx
--     on programme.push_tokens (token);                      -- EDIT
-- -------------------------------------------------------------------------------------------------
