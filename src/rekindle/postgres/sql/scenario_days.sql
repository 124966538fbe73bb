-- In: scenario_type; days, instants in order: each begins a day, and the last one ends the last
-- day.
-- Out: one row per day (0: the first) on which a run evaluated the scenario, in order: how many
-- runs did, the sums of their numbers, and `refusals` by reason. Each run counts a person again. A
-- run counts on the day of its claim.
-- Reads the rows of the runs of this time, by run_scenario_latest_idx.
-- Locks: none.
with past as materialized (
  select width_bucket(s.at, %(days)s::timestamptz[]) - 1 as day, s.evaluated, s.refused, s.claimed, s.held_out,
         s.recorded, s.skipped, s.dead, s.unknown, s.pushes, s.refusals
  from rekindle.run_scenario s
  where s.scenario_type = %(scenario_type)s
    and s.at >= (%(days)s::timestamptz[])[1]
    and s.at < (%(days)s::timestamptz[])[cardinality(%(days)s::timestamptz[])]
    and s.evaluated > 0
),
reason as (
  select past.day, refusal.key as reason, sum(refusal.value::bigint)::bigint as people
  from past
  cross join lateral jsonb_each_text(past.refusals) as refusal
  group by past.day, refusal.key
)
select past.day, count(*) as runs, sum(past.evaluated)::bigint as evaluated,
       sum(past.refused + past.claimed)::bigint as due, sum(past.claimed)::bigint as claimed,
       sum(past.held_out)::bigint as held_out, sum(past.recorded)::bigint as recorded,
       sum(past.skipped)::bigint as skipped, sum(past.dead)::bigint as dead, sum(past.unknown)::bigint as unknown,
       sum(past.pushes)::bigint as pushes,
       coalesce((select jsonb_object_agg(reason.reason, reason.people) from reason where reason.day = past.day),
                '{}') as refusals
from past
group by past.day
order by past.day
