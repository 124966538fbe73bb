-- A part of verdicts.sql, explain.sql and source_counts.sql: the devices of each person with their
-- ids, each with the proof that its token is dead, if there is one. A token that was registered
-- again after that send is valid again. Blanks around a token do not belong to it.
join rekindle_source.device_token device_token on device_token.user_id = person.user_id
cross join lateral (select rekindle.trimmed(device_token.token::text) as target) registered
cross join lateral (select rekindle.device_id(device_token.target_kind, registered.target) as device_id) id
left join rekindle.disabled_token disabled on disabled.device_id = id.device_id
  and (device_token.last_registered_at is null or device_token.last_registered_at <= disabled.sent_at)
