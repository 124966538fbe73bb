-- In: device_ids (empty: any); user_id, reason, within_seconds (each null: any).
-- Out: revived, the number of tokens that may be used again from now on.
-- A send that proves one dead meanwhile waits, and disables it anew.
-- Locks: the rows of rekindle.disabled_token, in key order.
with chosen as materialized (
  select t.device_id from rekindle.disabled_token t
  where (%(device_ids)s::uuid[] = '{}' or t.device_id = any (%(device_ids)s::uuid[]))
    and (%(user_id)s::uuid is null or t.user_id = %(user_id)s)
    and (%(reason)s::text is null or t.reason = %(reason)s)
    and (%(within_seconds)s::float8 is null
         or t.disabled_at >= rekindle.clock() - make_interval(secs => %(within_seconds)s))
  order by t.device_id
  for update
),
gone as (
  delete from rekindle.disabled_token t using chosen
  where t.device_id = chosen.device_id
  returning 1
)
select count(*) as revived from gone
