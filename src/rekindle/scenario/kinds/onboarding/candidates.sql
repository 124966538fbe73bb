-- A part of verdicts.sql: people who joined at least the first stage of their variant ago, in local
-- days, and were never active. Only what has happened counts (rekindle.happened), for activities as
-- for joining: a date that means "never" is no day of joining.
-- An occurrence is only the stage. So a day of joining that is corrected, and a time zone that is
-- filled in, are no new occasions. Every stage that had been reached at an earlier push stays
-- spent, since stages may be edited. The day that is taken away there is for time zones.
select recipient.*, null::text as absence, null::date as inactive_since_on, 0 as rank,
       joined.local_on as began_on,
       'onboarding:' || case when reached.stage <= greatest(sent.stage, sent.days) then sent.stage
                             else reached.stage end || 'd' as occurrence,
       jsonb_build_object('days', joined.days, 'joined_on', joined.local_on, 'stage', reached.stage) as variables
from recipient
cross join lateral (
  select coalesce(recipient.zone, 'UTC') as zone
) wall
cross join lateral (
  select rekindle.local_day((recipient.source_row).joined_at, wall.zone) as local_on,
         rekindle.local_day(%(at)s::timestamptz, wall.zone)
           - rekindle.local_day((recipient.source_row).joined_at, wall.zone) as days
) joined
cross join lateral (
  select max(stage) as stage from unnest((recipient.variant).thresholds) as stage where stage <= joined.days
) reached
left join lateral (
  select max(substring(push.occurrence from '^onboarding:([0-9]{1,4})d$')::int) as stage,
         max(rekindle.local_day(push.evaluated_at, 'UTC') - joined.local_on - 1) as days
  from rekindle.sent(recipient.user_id, %(names)s::text[]) as push
  where push.occurrence ~ '^onboarding:[0-9]{1,4}d$'
) sent on reached.stage is not null
where reached.stage is not null
  and rekindle.happened((recipient.source_row).joined_at, %(at)s::timestamptz, wall.zone)  -- mutant: joined
  -- The margin of two days covers every time zone, as in the kind inactivity.
  and (recipient.source_row).joined_at
      <= %(at)s::timestamptz - make_interval(hours => 24 * %(shortest_days)s::int - 48)
  and not exists (
    select from rekindle_source.activity a
    where a.user_id = recipient.user_id
      and rekindle.happened(a.activity_date, %(at)s::timestamptz, coalesce(recipient.zone, 'UTC'))  -- mutant: never-active
  )
