-- In: organisations; away_seconds; limit; user_id, null.
-- Out: active recipients of these organisations without a device, who have not been active for that
-- time: those who have been away longest first. For the name see told.sql.
-- It reads every recipient and every token of the team once, and the activities of the people it
-- is about, so its caller keeps the answer.
-- The caller binds {membership} and {latest_activity} as for told.sql.
-- Locks: none.
select page.user_id, page.name, page.chapter_id, activity.active_at
from (
  select distinct on (r.user_id) r.user_id, membership.chapter_id,
         coalesce(columns.of ->> 'name', columns.of ->> 'full_name', columns.of ->> 'display_name',
                  columns.of ->> 'first_name') as name
  from rekindle_source.recipient r
  {membership}
  cross join lateral (select to_jsonb(r) as of) columns
  where r.active
    and membership.organisation_id = any (%(organisations)s::uuid[])  -- mutant: alone-elsewhere
    and not exists (select from rekindle_source.device_token d where d.user_id = r.user_id)
  order by r.user_id
) page
cross join lateral (
  {latest_activity}
) activity
where activity.active_at < rekindle.clock() - make_interval(secs => %(away_seconds)s)
order by activity.active_at, page.user_id
limit %(limit)s
