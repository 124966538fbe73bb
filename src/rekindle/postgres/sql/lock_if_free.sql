-- In: name.
-- Out: taken, whether this transaction has this lock of the engine now; it does not wait for it.
--   sweep: only one sweep runs at a time, to save work: two would only repeat each other's.
--   prune: only one batch of a prune runs at a time, for the same reason.
-- No row if the table has no such lock.
-- Locks: the row of rekindle.lock, unless it is locked.
select (select true from rekindle.lock taken where taken.name = known.name for update skip locked) is true as taken
from rekindle.lock known
where known.name = %(name)s
