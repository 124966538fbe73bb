-- A part of verdicts.sql and explain.sql: whether a push can be sent to a device (see devices.sql).
device_token.token <> '' and device_token.target_kind in ('token', 'fid')
  and disabled.device_id is null
