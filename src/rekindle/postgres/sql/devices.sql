-- A part of verdicts.sql and explain.sql: the devices (d) of each person (j) with their ids, and beside each the proof (x)
-- that its token is dead. A token that was registered again after that send is alive again.
join rekindle_source.device_token d on d.user_id = j.user_id
cross join lateral (select rekindle.device_id(d.target_kind, d.token) as device_id) id
left join rekindle.disabled_token x on x.device_id = id.device_id
  and (d.last_registered_at is null or d.last_registered_at <= x.sent_at)
