-- Out: run_id of each run that never said how it ended and whose budget is over by more than a
-- minute.
select run_id from rekindle.run
where status = 'running' and started_at + make_interval(secs => budget_seconds::float8 + 60) < rekindle.clock()
order by run_id
for update skip locked   -- mutant: lock
