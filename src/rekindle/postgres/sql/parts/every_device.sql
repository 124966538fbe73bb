-- A part of verdicts.sql in place of newest_devices.sql, for a scenario that does not limit the
-- number of devices.
select owned_device.user_id, owned_device.device_id, owned_device.target_kind, owned_device.target from owned_device
