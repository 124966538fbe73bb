-- In: nothing.
-- Out: sweeping, whether this transaction has the lock; it does not wait for it. Only one sweep
-- runs at a time, to save work: two would only repeat each other's. No row if the table has no such
-- lock.
-- Locks: the row of rekindle.lock, unless it is locked.
select (select true from rekindle.lock taken where taken.name = known.name for update skip locked) is true as sweeping
from rekindle.lock known
where known.name = 'sweep'
