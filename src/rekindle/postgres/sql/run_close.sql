-- In: run_id, status (null: as it is), halted_by, held.
-- Out: nothing. The run's numbers become the sums over its scenarios; only `reached` counts each
-- person once: those with a device that this run has recorded. The table's CHECKs refuse
-- numbers that do not add up. A run that was abandoned and reports its end after all (its process
-- was paused, or the clock jumped) gets the status that it reports, and keeps abandoned_at.
update rekindle.run r
set status = coalesce(%(status)s, r.status),
    finished_at = case when %(status)s::text is null then r.finished_at else rekindle.clock() end,
    abandoned_at = case when %(status)s = 'abandoned' then rekindle.clock() else r.abandoned_at end,
    reached = (select count(distinct d.user_id) from rekindle.delivery d where d.run_id = %(run_id)s),
    halted_by = %(halted_by)s,
    held = %(held)s,
    (evaluated, not_due, refused, claimed, carried, recorded, held_out, skipped, dead, unknown, pending,
     handed_over, pushes) = (
      select coalesce(sum(evaluated), 0), coalesce(sum(not_due), 0), coalesce(sum(refused), 0),
             coalesce(sum(claimed), 0), coalesce(sum(carried), 0), coalesce(sum(recorded), 0),
             coalesce(sum(held_out), 0), coalesce(sum(skipped), 0), coalesce(sum(dead), 0),
             coalesce(sum(unknown), 0), coalesce(sum(pending), 0),
             coalesce(sum(handed_over), 0), coalesce(sum(pushes), 0)
      from rekindle.run_scenario where run_id = %(run_id)s
    )
where r.run_id = %(run_id)s
