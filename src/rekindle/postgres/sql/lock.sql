-- In: name.
-- Out: name. The transaction has this lock of the engine until it ends; others wait.
--   apply: two concurrent applies run one after the other.
--   erase: an erasure waits for the claims under way, which share it (see lock_shared.sql). It is
--     the first lock of an erasure.
--   guard: claims that the guard counts run one after the other from here to their commit.
--     Otherwise two claims could both be the last one that the guard allows.
-- No row if the table has no such lock. A transaction takes at most one of these locks, after every
-- other lock that somebody else may wait for. `erase` comes before all others, and a claim that
-- shares it may take `guard` too.
-- Locks: the row of rekindle.lock.
select name from rekindle.lock where name = %(name)s
for update   -- mutant: lock
