-- In: run_id.
-- Out: nothing. Counts, from the ledger, the present state of every claim that this run made or
-- carried. A person with several devices counts once, by the best ending: recorded, unknown, held
-- out, pending, dead, skipped. A claim counts as handed over if another run has taken over all of
-- its units since (this run was too slow or stopped).
with unit as (
  select claim_id, scenario_type, claimed_run_id, 1 as rank, null as why
  from rekindle.delivery where run_id = %(run_id)s
  union all
  select claim_id, scenario_type, claimed_run_id,
         case outcome when 'unknown' then 2 when 'held_out' then 3 when 'dead' then 5 else 6 end,
         case outcome when 'held_out' then null else outcome || ':' || reason end
  from rekindle.outcome where run_id = %(run_id)s
  union all
  select claim_id, scenario_type, claimed_run_id, case state when 'unknown' then 2 else 4 end,
         case state when 'unknown' then 'unknown:' else 'retry:' end || reason
  from rekindle.outbox where run_id = %(run_id)s
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
         count(*) filter (where rank = 3) as held_out, count(*) filter (where rank = 4) as pending,
         count(*) filter (where rank = 5) as dead, count(*) filter (where rank = 6) as skipped, sum(pushes) as pushes
  from claim group by scenario_type
),
reasoned as (
  select scenario_type, jsonb_object_agg(why, people) as reasons
  from (
    select u.scenario_type, u.why, count(distinct u.claim_id) as people
    from unit u join claim c on c.claim_id = u.claim_id and c.rank = u.rank
    where u.why is not null
    group by u.scenario_type, u.why
  ) by_reason
  group by scenario_type
),
final as (
  select scenario_type, o.claimed is null as carried_only,
         coalesce(c.carried, 0) as carried, coalesce(c.recorded, 0) as recorded,
         coalesce(c.held_out, 0) as held_out, coalesce(c.skipped, 0) as skipped,
         coalesce(c.dead, 0) as dead, coalesce(c.unknown, 0) as unknown, coalesce(c.pending, 0) as pending,
         coalesce(o.claimed, 0) - coalesce(c.own, 0) as handed_over, coalesce(c.pushes, 0) as pushes,
         coalesce(w.reasons, '{}') as reasons
  from (select scenario_type, claimed from rekindle.run_scenario where run_id = %(run_id)s) o
  full join counted c using (scenario_type)
  left join reasoned w using (scenario_type)
),
-- Two statements instead of an upsert: a CHECK would test the row proposed for insertion, which has
-- no value for `claimed`.
closed as (
  update rekindle.run_scenario r
  set carried = f.carried, recorded = f.recorded, held_out = f.held_out, skipped = f.skipped, dead = f.dead,
      unknown = f.unknown,
      pending = f.pending, handed_over = f.handed_over, pushes = f.pushes, reasons = f.reasons
  from final f
  where r.run_id = %(run_id)s and r.scenario_type = f.scenario_type
)
insert into rekindle.run_scenario (
  run_id, scenario_type, position, carried, recorded, held_out, skipped, dead, unknown, pending, handed_over, pushes,
  reasons)
select %(run_id)s, scenario_type, 1000, carried, recorded, held_out, skipped, dead, unknown, pending,
       handed_over, pushes,
       reasons
from final
where carried_only
