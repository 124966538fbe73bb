-- In: name.
-- Out: name. Until this transaction ends, no other transaction can take this lock of the engine,
-- and others may share it.
--   erase: each claim shares it, so an erasure waits for the claims under way, and the next ones
--     wait for the erasure. A claim decides by the recipients that it saw when it began, so without
--     this it could write rows of a person who is erased meanwhile.
-- No row if the table has no such lock. It is the first lock of a claim.
-- Locks: the row of rekindle.lock, shared.
select name from rekindle.lock where name = %(name)s
for share   -- mutant: lock
