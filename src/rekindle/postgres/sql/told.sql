-- In: organisations; since; limit; user_id, null.
-- Out: the records of these organisations since then, newest first, of people who are recipients of
-- the organisation now: when, the scenario, the name and the chapter of the person, and the latest
-- activity. The name is the first of the columns name, full_name, display_name and first_name that
-- the view has.
-- Each organisation is read by its index from its newest row down: see notification_page.sql.
-- The caller binds {membership} and {latest_activity} to the parts of these names, or to their
-- `_absent` twins.
-- Locks: none.
with page as materialized (
  select page.*
  from unnest(%(organisations)s::uuid[]) as own (organisation_id)
  cross join lateral (
    select n.user_id, n.organisation_id, n.scenario_type, n.dispatched_at, n.id
    from rekindle.scenario_notification n
    where n.organisation_id = own.organisation_id and n.dispatched_at >= %(since)s
    order by n.dispatched_at desc, n.id desc
    limit %(limit)s
  ) page
  order by page.dispatched_at desc, page.id desc
  limit %(limit)s
),
person as (
  select distinct on (r.user_id, membership.organisation_id)
         r.user_id, membership.organisation_id, membership.chapter_id,
         coalesce(columns.of ->> 'name', columns.of ->> 'full_name', columns.of ->> 'display_name',
                  columns.of ->> 'first_name') as name
  from rekindle_source.recipient r
  {membership}
  cross join lateral (select to_jsonb(r) as of) columns
  where r.user_id in (select page.user_id from page)
  order by r.user_id, membership.organisation_id, membership.position
)
select page.user_id, page.scenario_type, page.dispatched_at as at, person.name, person.chapter_id, activity.active_at
from page
join person on person.user_id = page.user_id
           and person.organisation_id = page.organisation_id  -- mutant: told-elsewhere
cross join lateral (
  {latest_activity}
) activity
order by page.dispatched_at desc, page.id desc
