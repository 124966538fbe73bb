-- A part of verdicts.sql: people who have been inactive for at least the first stage of their
-- variant.
-- The anti-join over (user_id, activity_date) rejects almost everyone cheaply: 0.51 s for 1,000,000
-- people and 20,000,000 activities, where max() per person takes 5.8 s. The last activity is looked
-- up only for the rest. The anti-join has a margin of two days, which covers every time zone: it
-- can only keep too many people, and `days` then decides exactly. Its bound is the shortest stage
-- of all variants (shortest_days), because with each person's own stage the planner chose nested
-- loops over whole tables.
-- People without any activity are not due. Only what has happened counts (rekindle.happened): a
-- planned activity changes nothing, and a date that means "never" is no activity.
-- An absence is named by the UTC date of its last activity, since zones are filled in and corrected
-- later. Once a push was sent in it, it keeps the name of that push, and every stage that had been
-- reached at that push stays spent: the activity may be corrected, and the stages may be edited. A
-- push belongs to the absence if it has its name, or was due more than a day after the last
-- activity. The day is for instants that are cut to a date: a person who came back on the day of
-- the push has begun another absence. The two hours are for summer time.
select recipient.*, named.absence, last_activity.local_on as inactive_since_on, 0 as rank,
       last_activity.local_on as began_on,
       named.absence || case when reached.stage <= greatest(sent.stage, sent.days) then sent.stage
                             else reached.stage end || 'd' as occurrence,
       jsonb_build_object('days', last_activity.days, 'last_activity_on', last_activity.local_on,
                          'stage', reached.stage) as variables
from recipient
cross join lateral (
  select coalesce(recipient.zone, 'UTC') as zone
) wall
cross join lateral (
  select max(a.activity_date) as at
  from rekindle_source.activity a
  where a.user_id = recipient.user_id
    and rekindle.happened(a.activity_date, %(at)s::timestamptz, wall.zone)  -- mutant: happened
) latest
cross join lateral (
  select rekindle.local_day(latest.at, wall.zone) as local_on,
         rekindle.local_day(%(at)s::timestamptz, wall.zone) - rekindle.local_day(latest.at, wall.zone) as days,
         to_char(rekindle.local_day(latest.at, 'UTC')::timestamp, 'YYYY-MM-DD') as utc_on,  -- mutant: absence-by-utc-date
         rekindle.happened_by(latest.at) as until,
         timezone('UTC', (rekindle.local_day(latest.at, 'UTC') - 1)::timestamp) as day_before
) last_activity
cross join lateral (
  select max(stage) as stage from unnest((recipient.variant).thresholds) as stage where stage <= last_activity.days
) reached
left join lateral (
  select min(substr(push.occurrence, 10, 10)) as utc_on,
         max(substring(push.occurrence from ':([0-9]{1,4})d$')::int) as stage,
         max(floor((extract(epoch from push.evaluated_at - last_activity.until) - 7200) / 86400))::int as days
  from rekindle.sent(recipient.user_id, %(names)s::text[]) as push
  -- The first condition follows from each of the others: a push is named by an activity before it.
  -- An index may use it, and most pushes are of absences that are over.
  where push.evaluated_at >= last_activity.day_before
    and (starts_with(push.occurrence, 'inactive:' || last_activity.utc_on || ':')
         or push.evaluated_at > last_activity.until + interval '24 hours'
            and push.occurrence ~ '^inactive:[0-9]{4}-[0-9]{2}-[0-9]{2}:[0-9]{1,4}d$')  -- mutant: absence-keeps-its-name
) sent on reached.stage is not null
cross join lateral (
  select 'inactive:' || coalesce(sent.utc_on, last_activity.utc_on) || ':' as absence
) named
where reached.stage is not null
  and not exists (
    select from rekindle_source.activity a
    where a.user_id = recipient.user_id
      and a.activity_date > %(at)s::timestamptz - make_interval(hours => 24 * %(shortest_days)s::int - 48)
      and a.activity_date <= %(at)s::timestamptz
  )
