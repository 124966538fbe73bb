-- A part of verdicts.sql: who has been inactive for the first stage of their variant, or longer.
-- The anti-join over (user_id, activity_date) throws out almost everyone cheaply (0.51 s for 1,000,000 people and
-- 20,000,000 activities, where max() per person takes 5.8 s); only who is left has the last activity looked up. Its
-- margin of two days covers every time zone, so it can only let too many through; `days` then decides exactly. The shortest
-- stage of any variant (shortest_days) is its bound: one of each person's own made it nested loops over whole tables.
-- Someone without any activity is not due, nor is one whose last date is infinite (no days can be counted from it);
-- an activity dated in the future counts as activity.
select r.user_id, r.organisation_id, r.locale, r.own, r.zone, r.variant, last.local_on as inactive_since_on, 0 as rank,
       'inactive:' || last.local_on || ':' || reached.stage || 'd' as occurrence,
       jsonb_build_object('days', last.days, 'last_activity_on', last.local_on, 'stage', reached.stage) as variables
from recipient r
cross join lateral (
  select case when isfinite(max(a.activity_date)) then max(a.activity_date) end as at
  from rekindle_source.activity a where a.user_id = r.user_id
) activity
cross join lateral (
  select coalesce(r.zone, 'UTC') as zone
) person
cross join lateral (
  select rekindle.local_day(activity.at, person.zone) as local_on,
         rekindle.local_day(%(at)s::timestamptz, person.zone) - rekindle.local_day(activity.at, person.zone) as days
) last
cross join lateral (
  select max(stage) as stage from unnest((r.variant).thresholds) as stage where stage <= last.days
) reached
where reached.stage is not null
  and not exists (
    select from rekindle_source.activity a
    where a.user_id = r.user_id
      and a.activity_date > %(at)s::timestamptz - make_interval(hours => 24 * %(shortest_days)s::int - 48)
  )
