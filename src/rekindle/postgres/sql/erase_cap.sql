-- In: user_id.
-- Out: rows, the number of caps deleted: 1 or 0.
-- Locks: the cap, after the gates.
with gone as (
  delete from rekindle.cap where user_id = %(user_id)s::uuid returning 1
)
select count(*) as rows from gone
