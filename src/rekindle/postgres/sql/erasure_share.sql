-- In: nothing.
-- Out: nothing. Until this transaction ends, no erasure is under way; claims may be. It waits for
-- an erasure that is under way or that waits. It is the first statement of a claim: a claim decides
-- by the recipients that it sees when it begins, and could otherwise write rows of a person who is
-- erased meanwhile.
-- Locks: the table rekindle.erasure, which is empty, shared.
lock table rekindle.erasure in row share mode  -- mutant: row-share
