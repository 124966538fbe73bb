-- For teams that allow no role to read single activities, not even through a view: a function that
-- returns the inactive people, and how long they have been inactive. Run it as `postgres` instead
-- of creating the view rekindle_source.activity, and write in rekindle.toml
--
--   [scenario.inactivity]
--   kind = "sql"
--   query = "select * from rekindle_source.inactive('{14,30}')"
--
-- It finds the same people as `kind = "inactivity"`, with the same occurrences and variables, by
-- the same anti-join. Only what has happened counts (rekindle.happened): neither a planned activity
-- nor a date that means "never". An absence is named by a UTC date, since a time zone may be
-- corrected later. Its caller learns which people are due and since when, and nothing about others.
-- Two things are lost. Rekindle cannot check again, just before a push leaves, whether the person
-- has come back. And an absence does not keep its name after a push, because the function does not
-- know the pushes: if the last activity is corrected to another UTC date, or the stages are edited,
-- there may be another push for it, once the cooldown is over.
-- It runs with its owner's rights. So it does not use the caller's search_path, and only Rekindle
-- may call it.

drop view if exists rekindle_source.activity;

create or replace function rekindle_source.inactive(after_days int[])
returns table (user_id uuid, occurrence text, variables jsonb)
language sql stable security definer set search_path = '' as $$
  select r.user_id,
         'inactive:' || to_char(rekindle.local_day(activity.at, 'UTC')::timestamp, 'YYYY-MM-DD')
           || ':' || reached.stage || 'd',
         jsonb_build_object('days', last.days, 'last_activity_on', last.local_on, 'stage', reached.stage)
  from rekindle_source.recipient r
  left join rekindle_source.organisation o on o.organisation_id = r.organisation_id
  cross join (select rekindle.clock() as at offset 0) moment
  cross join lateral (
    select rekindle.first_zone(r.timezone, o.timezone, 'UTC') as zone offset 0
  ) person
  cross join lateral (
    select max(a.occurred_at) as at
    from public.activity_log a
    where a.profile_id = r.user_id and rekindle.happened(a.occurred_at, moment.at, person.zone)
  ) activity
  cross join lateral (
    select rekindle.local_day(activity.at, person.zone) as local_on,
           rekindle.local_day(moment.at, person.zone) - rekindle.local_day(activity.at, person.zone) as days
  ) last
  cross join lateral (
    select max(stage) as stage from unnest(after_days) as stage where stage <= last.days
  ) reached
  where r.active and reached.stage is not null
    and not exists (
      select from public.activity_log a
      where a.profile_id = r.user_id
        and a.occurred_at > moment.at
            - make_interval(hours => 24 * (select min(stage) from unnest(after_days) as stage) - 48)
        and a.occurred_at <= moment.at
    )
$$;

revoke execute on function rekindle_source.inactive(int[]) from public, anon, authenticated, service_role;
grant execute on function rekindle_source.inactive(int[]) to rekindle_worker;
