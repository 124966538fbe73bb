-- In: run_id, lost_seconds.
-- Out: the rows of runs.sql for this run, as it is now; no row if there is no such run. `lost`: it
-- has not ended, and its process has not been seen for `lost_seconds`. While it runs, its numbers
-- are counted from the endings so far: `carried` counts claims of earlier runs once they have ended
-- here, `pending` the claims that have not ended here yet, and a person with several devices may
-- count by the first one. Once it has ended, they are those of its report.
-- Reads the rows that this run wrote, by index. Units that wait are not read: they are what is left
-- of the claims.
-- Locks: none.
with run as materialized (
  select r.*,
         r.status = 'running' as alive,
         r.status = 'running'
           and r.seen_at < rekindle.clock() - make_interval(secs => %(lost_seconds)s)  -- mutant: lost
           as lost
  from rekindle.run r
  where r.run_id = %(run_id)s
),
unit as (
  select claim_id, scenario_type, claimed_run_id, 1 as rank
  from rekindle.delivery where run_id = %(run_id)s and (select alive from run)
  union all
  select claim_id, scenario_type, claimed_run_id,
         case outcome when 'unknown' then 2 when 'held_out' then 3 when 'dead' then 4 else 5 end
  from rekindle.outcome where run_id = %(run_id)s and (select alive from run)
  union all
  select claim_id, scenario_type, claimed_run_id, 2
  from rekindle.outbox where run_id = %(run_id)s and state = 'unknown' and (select alive from run)
),
claim as (
  select claim_id, scenario_type, min(rank) as rank, bool_or(claimed_run_id = %(run_id)s) as own,
         count(*) filter (where rank = 1) as pushes
  from unit group by claim_id, scenario_type
),
counted as (
  select scenario_type,
         count(*) filter (where own) as own, count(*) filter (where not own) as carried,
         count(*) filter (where rank = 1) as recorded, count(*) filter (where rank = 2) as unknown,
         count(*) filter (where rank = 3) as held_out,
         count(*) filter (where rank = 4) as dead, count(*) filter (where rank = 5) as skipped, sum(pushes) as pushes
  from claim group by scenario_type
),
scenario as (
  select coalesce(s.scenario_type, c.scenario_type) as scenario_type, coalesce(s.position, 1000) as position,
         coalesce(to_jsonb(s), jsonb_build_object('scenario_type', c.scenario_type))
           || case when (select alive from run) then jsonb_build_object(
                'carried', coalesce(c.carried, 0), 'recorded', coalesce(c.recorded, 0),
                'held_out', coalesce(c.held_out, 0),
                'skipped', coalesce(c.skipped, 0), 'dead', coalesce(c.dead, 0), 'unknown', coalesce(c.unknown, 0),
                'pending', greatest(0, coalesce(s.claimed, 0) - coalesce(c.own, 0)), 'pushes', coalesce(c.pushes, 0)
              ) else '{}' end as numbers
  from (
    select * from rekindle.run_scenario where run_id = %(run_id)s and (fault is null or carried > 0)
  ) s
  full join counted c on c.scenario_type = s.scenario_type
)
select run.run_id, run.status, run.started_at, run.finished_at, run.budget_seconds::float8 as budget_seconds,
       run.dispatcher, run.halted_by, run.abandoned_at,
       case when run.due_at is not null then run.request_key end as tick,
       run.attempt, run.reached, run.organisations, run.started_by, run.held, run.lost, scenario.numbers
from run
left join scenario on true
order by scenario.position, scenario.scenario_type
