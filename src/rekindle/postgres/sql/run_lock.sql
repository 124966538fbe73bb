-- In: run_id.
-- Out: nothing of use. Only one process at a time counts this run from here to its commit: a sweep
-- may abandon a run that reports its end at this moment. A separate statement, so that the next one
-- sees what the other process has counted.
-- Locks: the run.
select from rekindle.run where run_id = %(run_id)s for update
