-- In: user_id.
-- Out: rows, the number of disabled tokens deleted. If such a token is still registered, the next
-- send to it is refused, and it is disabled again.
-- Locks: the tokens, in key order.
with held as materialized (
  select device_id from rekindle.disabled_token
  where user_id = %(user_id)s::uuid
  order by device_id
  for update
),
gone as (
  delete from rekindle.disabled_token t using held
  where t.device_id = held.device_id
  returning 1
)
select count(*) as rows from gone
