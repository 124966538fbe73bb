-- A part of verdicts.sql and explain.sql: whether a device (see devices.sql) is sent to.
d.token <> '' and d.target_kind in ('token', 'fid') and x.device_id is null
