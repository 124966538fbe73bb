-- In: names (of the scenario), people, ahead, recipients, max_share, max_times_median (null: that
-- limit does not apply), median_days, median_least_days, run_id (null: none yet).
-- Out: one row. `since`: the moment 24 hours ago. `by_share` and `by_median`: the number of people
-- that each limit allows (null: any number); `days` and `median`: what is usual. `own_at_most` and
-- `total_at_most`: the people of this claim plus all claims of the last 24 hours, of this scenario
-- and of all scenarios. These are upper bounds, and cheap: guard_people.sql counts exactly.
-- `confirmed`: the people that this run has already claimed by a confirmation.
-- A claim that was confirmed does not count today, because somebody allowed it. A usual day is
-- counted in claims that reached somebody, or may have, confirmed or not.
-- Locks: none. The claim has taken the lock `guard` before. This is a separate statement so that it
-- sees every claim that was committed before the lock was taken.
with claim as (
  select r.run_id, r.scenario_type, r.claimed, r.confirmed, r.recorded + r.unknown + r.held_out as reached,
         floor(extract(epoch from moment.at - r.at) / 86400)::int as days_ago
  from (select rekindle.clock() as at) moment
  join rekindle.run_scenario r
    on (r.claimed > 0 or r.recorded > 0 or r.unknown > 0)
   and r.at > (select rekindle.clock() - make_interval(secs => 86400 * (1 + %(median_days)s::int)))
),
today as (
  select %(people)s::bigint
         + coalesce(sum(claimed - confirmed) filter (where scenario_type = any (%(names)s::text[])), 0)
           as own_at_most,
         %(people)s::bigint + %(ahead)s::bigint + coalesce(sum(claimed - confirmed), 0) as total_at_most,
         coalesce(sum(confirmed) filter (where run_id = %(run_id)s::uuid), 0)::bigint as confirmed
  from claim
  where days_ago <= 0  -- mutant: claims-of-today
),
usual as (
  select count(*) as days, percentile_cont(0.5) within group (order by people) as median
  from (
    select sum(reached)::float8 as people
    from claim
    where scenario_type = any (%(names)s::text[])  -- mutant: usual-by-name
      and days_ago > 0 and reached > 0
    group by days_ago
  ) day
)
select rekindle.clock() - interval '24 hours' as since, today.own_at_most::bigint as own_at_most,
       today.total_at_most::bigint as total_at_most, today.confirmed,
       usual.days, usual.median,
       floor(%(max_share)s::numeric * %(recipients)s::bigint)::bigint as by_share,
       case when usual.days >= %(median_least_days)s::int
            then floor(%(max_times_median)s::float8 * usual.median)::bigint end as by_median  -- mutant: what-is-usual
from today cross join usual
