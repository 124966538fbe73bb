-- In: names, of the scenario as the configuration says (null: of the whole programme); days, from
-- 1 on. Every other name that it has or had counts as well.
-- Out: people, the number of different people who were nudged within so many days until now under
-- the scenario, or under any, in either arm of a trial; `known_days`, for how many of
-- these days there are pushes; and, of the pushes of these days that were looked back at, how many
-- there are (`looked_back`) and after how many the person came back (`came_back`).
-- Locks: none.
with named as (
  select asked.name from unnest(%(names)s::text[]) as asked (name)
  union
  select other.name
  from rekindle.renamed() as mine
  join rekindle.renamed() as other on other.identity = mine.identity
  where mine.name = any (%(names)s::text[])  -- mutant: outlook-by-name
),
push as materialized (
  select n.id, n.user_id, n.dispatched_at as at
  from rekindle.scenario_notification n
  where n.dispatched_at >= (select rekindle.clock() - make_interval(days => %(days)s))
    and (%(names)s::text[] is null or n.scenario_type in (select named.name from named))
  union all
  select o.claim_id, o.user_id, o.at
  from rekindle.outcome o
  where o.outcome = 'held_out' and o.at >= (select rekindle.clock() - make_interval(days => %(days)s))
    and (%(names)s::text[] is null or o.scenario_type in (select named.name from named))
)
select count(distinct push.user_id) as people,
       coalesce(ceil(extract(epoch from rekindle.clock() - min(push.at)) / 86400), 0)::int as known_days,
       count(c.claim_id) as looked_back, count(c.back_at) as came_back
from push
left join rekindle.came_back c on c.claim_id = push.id
