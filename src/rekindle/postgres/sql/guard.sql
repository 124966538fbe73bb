-- In: scenario_type, people, ahead, recipients, floor, max_share, max_times_median (null: that
-- limit does not apply), median_days, median_least_days, run_id (null: none yet).
-- Out: one row. `own` and `total`: the people of this claim plus the claims of the last 24 hours,
-- of this scenario and of all scenarios. `by_share` and `by_median`: the number that each limit
-- allows. `over_share` and `over_median`: whether the claim exceeds that limit. `confirmed`: the
-- people that this run has already claimed by a confirmation. Confirmed people do not count in
-- `own` and `total`, because somebody allowed them. They do count in the median of earlier days.
-- Locks: none. The claim has run guard_lock.sql before. This is a separate statement so that it
-- sees every claim that was committed before the lock was taken.
with claim as (
  select r.run_id, r.scenario_type, r.claimed, r.confirmed,
         floor(extract(epoch from moment.at - r.at) / 86400)::int as days_ago
  from (select rekindle.clock() as at) moment
  join rekindle.run_scenario r
    on r.claimed > 0
   and r.at > (select rekindle.clock() - make_interval(secs => 86400 * (1 + %(median_days)s::int)))
),
today as (
  select %(people)s::bigint + coalesce(sum(claimed - confirmed) filter (where scenario_type = %(scenario_type)s), 0) as own,
         %(people)s::bigint + %(ahead)s::bigint + coalesce(sum(claimed - confirmed), 0) as total,
         coalesce(sum(confirmed) filter (where run_id = %(run_id)s::uuid), 0)::bigint as confirmed
  from claim
  where days_ago <= 0  -- mutant: claims-of-today
),
usual as (
  select count(*) as days, percentile_cont(0.5) within group (order by people) as median
  from (
    select sum(claimed)::float8 as people
    from claim where scenario_type = %(scenario_type)s and days_ago > 0
    group by days_ago
  ) day
),
allowed as (
  select floor(%(max_share)s::numeric * %(recipients)s::bigint)::bigint as by_share,
         case when usual.days >= %(median_least_days)s::int
              then floor(%(max_times_median)s::float8 * usual.median)::bigint end as by_median
  from usual
)
select today.own::bigint as own, today.total::bigint as total, today.confirmed, usual.days, usual.median,
       allowed.by_share, allowed.by_median,
       coalesce(today.own > %(floor)s::bigint and today.total > allowed.by_share, false) as over_share,
       coalesce(today.own > %(floor)s::bigint
                and today.own > allowed.by_median,  -- mutant: what-is-usual
                false) as over_median
from today cross join usual cross join allowed
