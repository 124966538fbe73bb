-- In: run_id.
-- Out: nothing. Renews the run's lease while it is running. A run that is not seen for
-- policy.LOST_SECONDS is lost: another may begin it again under its key.
update rekindle.run set seen_at = rekindle.clock() where run_id = %(run_id)s and status = 'running'
