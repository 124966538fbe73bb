-- What your apps may read of Rekindle through Supabase's API. A signed-in person reads their own
-- notifications, and a coordinator those of their organisations. Nobody reads anything else.
-- Optional. Run it after `rekindle migrate` and source.sql, as `postgres`, in the SQL editor or as
-- a migration. You may run it again after every change.
--
-- The view is in an exposed schema and reads with the rights of the person who asks
-- (security_invoker, Postgres 15 or newer). So that person may read these five columns and no
-- others, and the policy selects the rows. Schema `rekindle` stays closed: only Rekindle may use
-- it.

-- The organisations whose notifications the signed-in person may read besides their own;
-- `where false` for none. It runs with your rights, so make it depend on auth.uid() and on nothing
-- that a caller can choose.
create or replace function rekindle_source.coordinated_organisations() returns setof uuid
language sql stable security definer set search_path = '' as $$
  select m.org_id                                                         -- EDIT
  from public.memberships m                                               -- EDIT
  where m.profile_id = (select auth.uid()) and m.role = 'coordinator'     -- EDIT
$$;
revoke execute on function rekindle_source.coordinated_organisations() from public, anon, authenticated, service_role;
grant execute on function rekindle_source.coordinated_organisations() to authenticated;

create or replace view public.rekindle_notification with (security_invoker = true) as
select id, user_id, organisation_id, scenario_type, dispatched_at
from rekindle.scenario_notification;
revoke all on public.rekindle_notification from public, anon, authenticated, service_role;
grant select on public.rekindle_notification to authenticated;

grant select (id, user_id, organisation_id, scenario_type, dispatched_at)
  on rekindle.scenario_notification to authenticated;
-- Each side is a `select`, so that it runs once per query and not once per row. Each side has an
-- index.
drop policy if exists apps on rekindle.scenario_notification;
create policy apps on rekindle.scenario_notification for select to authenticated
  using (user_id = (select auth.uid())
         or organisation_id = any (array(select rekindle_source.coordinated_organisations())));
create index if not exists scenario_notification_organisation_idx
  on rekindle.scenario_notification (organisation_id, dispatched_at);
