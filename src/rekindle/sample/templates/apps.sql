-- What your apps may read of Rekindle, through Supabase's API: a person who is signed in their own notifications, a
-- coordinator those of their organisations, and nobody anything else. Optional; run it after `rekindle migrate` and
-- source.sql, as `postgres`, in the SQL editor or as a migration. It may be run again after every change.
--
-- The view lies in an exposed schema and reads with the rights of whoever asks (security_invoker, Postgres 15 and
-- newer). So the person needs the right to read these five columns and no other, the policy chooses the rows, and schema
-- `rekindle` itself stays closed: nobody but Rekindle has a right to use it.

-- Whose notifications the person who is signed in may see besides their own. Yours to say; `where false` for nobody's.
-- It is run with your rights, so let it go by auth.uid() and nothing that a caller can choose.
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
-- In `select`s of their own, both sides are asked once for each query and not once for each row, and each has its index.
drop policy if exists apps on rekindle.scenario_notification;
create policy apps on rekindle.scenario_notification for select to authenticated
  using (user_id = (select auth.uid())
         or organisation_id = any (array(select rekindle_source.coordinated_organisations())));
create index if not exists scenario_notification_organisation_idx
  on rekindle.scenario_notification (organisation_id, dispatched_at);
