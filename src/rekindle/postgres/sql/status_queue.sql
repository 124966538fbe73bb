-- In: nothing.
-- Out: one row, of the live units. waiting: those that wait to be sent. armed: those whose request
-- may be under way. unknown: those that are held for a late answer. oldest_seconds: how long the
-- oldest unit waits that may be sent now, 0 if there is none.
select count(*) filter (where state in ('claimed', 'retry')) as waiting,
       count(*) filter (where state = 'dispatching') as armed,
       count(*) filter (where state = 'unknown') as unknown,
       coalesce(extract(epoch from rekindle.clock() - min(next_try_at) filter (
         where state in ('claimed', 'retry') and next_try_at <= rekindle.clock() and give_up_at > rekindle.clock()
       )), 0)::double precision as oldest_seconds
from rekindle.outbox
