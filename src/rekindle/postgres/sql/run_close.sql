-- In: run_id, status (null: keep running), halted_by. Out: nothing. The run's numbers become the sums of its
-- scenarios'; the CHECKs on the table refuse numbers that do not add up.
update rekindle.run r
set status = coalesce(%(status)s, r.status),
    finished_at = case when %(status)s::text is null then null else rekindle.clock() end,
    halted_by = %(halted_by)s,
    evaluated = s.evaluated, not_due = s.not_due, refused = s.refused, claimed = s.claimed, carried = s.carried,
    recorded = s.recorded, skipped = s.skipped, dead = s.dead, unknown = s.unknown, pending = s.pending,
    handed_over = s.handed_over, pushes = s.pushes
from (
  select coalesce(sum(evaluated), 0) as evaluated, coalesce(sum(not_due), 0) as not_due,
         coalesce(sum(refused), 0) as refused, coalesce(sum(claimed), 0) as claimed,
         coalesce(sum(carried), 0) as carried, coalesce(sum(recorded), 0) as recorded,
         coalesce(sum(skipped), 0) as skipped, coalesce(sum(dead), 0) as dead, coalesce(sum(unknown), 0) as unknown,
         coalesce(sum(pending), 0) as pending, coalesce(sum(handed_over), 0) as handed_over,
         coalesce(sum(pushes), 0) as pushes
  from rekindle.run_scenario where run_id = %(run_id)s
) s
where r.run_id = %(run_id)s
