-- In: device_ids (empty: any); user_id, reason, within_seconds (each null: any); after_at and
-- after_device, the key of the last row of the page before (null: the first page); limit.
-- Out: devices whose token the provider has proven dead, newest first. `registration` compares the
-- registration that the person has now with the send that proved it: 'older' (the token is
-- disabled), 'newer' (it is used again) or 'gone'.
-- Locks: none.
-- Never: a token.
select disabled.device_id, disabled.user_id, disabled.reason, disabled.sent_at, disabled.disabled_at,
       coalesce(registered.registration, 'gone') as registration
from (
  select * from rekindle.disabled_token t
  where (%(device_ids)s::uuid[] = '{}' or t.device_id = any (%(device_ids)s::uuid[]))
    and (%(user_id)s::uuid is null or t.user_id = %(user_id)s)
    and (%(reason)s::text is null or t.reason = %(reason)s)
    and (%(within_seconds)s::float8 is null
         or t.disabled_at >= rekindle.clock() - make_interval(secs => %(within_seconds)s))
    and (%(after_at)s::timestamptz is null
         or (t.disabled_at, t.device_id) < (%(after_at)s::timestamptz, %(after_device)s::uuid))
  order by t.disabled_at desc, t.device_id desc
  limit %(limit)s
) disabled
left join lateral (
  select case when bool_or(d.last_registered_at > disabled.sent_at) then 'newer' else 'older' end as registration
  from rekindle_source.device_token d
  where d.user_id = disabled.user_id
    and rekindle.device_id(d.target_kind, rekindle.trimmed(d.token::text)) = disabled.device_id
  having count(*) > 0
) registered on true
order by disabled.disabled_at desc, disabled.device_id desc
