-- A part of verdicts.sql, explain.sql and source_counts.sql: whether a push can be sent to a device
-- (see devices.sql), if the person owns it (see newest_first.sql).
registered.target <> '' and device_token.target_kind in ('token', 'fid')
  and disabled.device_id is null
