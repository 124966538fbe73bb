-- In: request_key, lost_seconds.
-- Out: run_id of the run under this key whose process is lost; no row if there is none. The caller
-- declares it abandoned and begins the next attempt in this transaction.
-- Locks: that run. A run that is declared abandoned by another transaction meanwhile is not
-- returned.
select run_id from rekindle.run
where request_key = %(request_key)s and status = 'running'
  and seen_at < rekindle.clock() - make_interval(secs => %(lost_seconds)s)  -- mutant: only-the-lost
for update
