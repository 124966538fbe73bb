-- A part of verdicts.sql: people who have been inactive for at least the first stage of their
-- variant.
-- The anti-join over (user_id, activity_date) rejects almost everyone cheaply: 0.51 s for 1,000,000
-- people and 20,000,000 activities, where max() per person takes 5.8 s. The last activity is looked
-- up only for the rest. The anti-join has a margin of two days, which covers every time zone: it
-- can only keep too many people, and `days` then decides exactly. Its bound is the shortest stage
-- of all variants (shortest_days), because with each person's own stage the planner chose nested
-- loops over whole tables.
-- People without any activity are not due. People whose last date is infinite are not due either,
-- because days cannot be counted from it. An activity dated in the future counts as activity.
select recipient.user_id, recipient.organisation_id, recipient.locale, recipient.extra_columns, recipient.zone,
       recipient.variant, last_activity.local_on as inactive_since_on, 0 as rank,
       'inactive:' || last_activity.local_on || ':' || reached.stage || 'd' as occurrence,
       jsonb_build_object('days', last_activity.days, 'last_activity_on', last_activity.local_on,
                          'stage', reached.stage) as variables
from recipient
cross join lateral (
  select case when isfinite(max(a.activity_date)) then max(a.activity_date) end as at
  from rekindle_source.activity a where a.user_id = recipient.user_id
) latest
cross join lateral (
  select coalesce(recipient.zone, 'UTC') as zone
) wall
cross join lateral (
  select rekindle.local_day(latest.at, wall.zone) as local_on,
         rekindle.local_day(%(at)s::timestamptz, wall.zone) - rekindle.local_day(latest.at, wall.zone) as days
) last_activity
cross join lateral (
  select max(stage) as stage from unnest((recipient.variant).thresholds) as stage where stage <= last_activity.days
) reached
where reached.stage is not null
  and not exists (
    select from rekindle_source.activity a
    where a.user_id = recipient.user_id
      and a.activity_date > %(at)s::timestamptz - make_interval(hours => 24 * %(shortest_days)s::int - 48)
  )
