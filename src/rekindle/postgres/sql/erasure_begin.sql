-- In: nothing.
-- Out: nothing. Until this transaction ends, no claim and no other erasure is under way. It waits
-- for those that are, and the claims that begin later wait for it, so that it is reached however
-- many there are. It is the first statement of an erasure. pg_dump does not wait for it.
-- Locks: the table rekindle.erasure, which is empty, alone.
lock table rekindle.erasure in exclusive mode
