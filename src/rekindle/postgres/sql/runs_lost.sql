-- In: nothing.
-- Out: run_id of each run that is not closed although its budget ended more than a minute ago.
-- Locks: those runs, skipping runs that another sweep has locked.
select run_id from rekindle.run
where status = 'running' and started_at + make_interval(secs => budget_seconds::float8 + 60) < rekindle.clock()
order by run_id
for update skip locked   -- mutant: lock
