-- In: lost_seconds.
-- Out: run_id of each run that is not closed although its process has not renewed its lease for
-- `lost_seconds`.
-- Locks: those runs, skipping runs that another sweep has locked.
select run_id from rekindle.run
where status = 'running' and seen_at < rekindle.clock() - make_interval(secs => %(lost_seconds)s)
order by run_id
for update skip locked   -- mutant: lock
