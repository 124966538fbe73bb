-- In: days, instants in order: each begins a day, and the last one ends the last day;
-- organisations; most, how many records of each organisation are read, the newest ones.
-- Out: for each scenario and day (0: the first) the people of these organisations whose push was
-- accepted, once each, in order of both. Days on which nobody was reached have no row. `cut_at`:
-- the oldest record that was read, if there may be older ones; what is before it was not counted.
-- Each organisation is read by its index from its newest row down.
-- Locks: none.
with record as materialized (
  select own.organisation_id, newest.*
  from unnest(%(organisations)s::uuid[]) as own (organisation_id)
  cross join lateral (
    select n.scenario_type, n.user_id, n.dispatched_at
    from rekindle.scenario_notification n
    where n.organisation_id = own.organisation_id  -- mutant: own-reached
      and n.dispatched_at >= (%(days)s::timestamptz[])[1]
      and n.dispatched_at < (%(days)s::timestamptz[])[cardinality(%(days)s::timestamptz[])]
    order by n.dispatched_at desc, n.id desc
    limit %(most)s
  ) newest
),
cut as (
  select max(oldest.at) as at
  from (
    select min(dispatched_at) as at from record group by organisation_id having count(*) >= %(most)s
  ) oldest
)
select person.scenario_type, person.day, count(*) as people, cut.at as cut_at
from (
  select distinct scenario_type, user_id, width_bucket(dispatched_at, %(days)s::timestamptz[]) - 1 as day
  from record
) person
cross join cut
group by person.scenario_type, person.day, cut.at
order by person.scenario_type, person.day
