-- A part of verdicts.sql and explain.sql: whether a device (see devices.sql) can be sent to.
device_token.token <> '' and device_token.target_kind in ('token', 'fid')
  and disabled.device_id is null
