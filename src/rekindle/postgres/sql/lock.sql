-- In: name.
-- Out: name. The transaction has this lock of the engine until it ends; others wait.
--   apply: two concurrent applies run one after the other.
--   guard: claims that the guard counts run one after the other from here to their commit.
--     Otherwise two claims could both be the last one that the guard allows.
--   test: two test pushes cannot both be the last one of an hour.
-- No row if the table has no such lock. A transaction takes at most one of these locks, after every
-- other lock that somebody else may wait for.
-- Locks: the row of rekindle.lock.
select name from rekindle.lock where name = %(name)s
for update   -- mutant: lock
