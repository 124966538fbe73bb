-- In: name.
-- Out: (pid, application_name, since) of the session that has this lock of the engine; no row if it
-- is free. `since`, the beginning of its transaction, is null if this role may not see it.
-- Locks: none.
select a.pid, a.application_name, a.xact_start as since
from rekindle.lock l
join pg_catalog.pg_locks h on h.locktype = 'transactionid' and h.transactionid = l.xmax and h.granted
join pg_catalog.pg_stat_activity a on a.pid = h.pid
where l.name = %(name)s
