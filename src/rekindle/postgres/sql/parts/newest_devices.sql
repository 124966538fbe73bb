-- A part of verdicts.sql, for a scenario with `devices.newest`: the devices of each person that
-- were registered last, as many as the variant allows. Of two that were registered at the same
-- time, the one with the lower id counts, so that every run chooses the same.
select ranked.user_id, ranked.device_id, ranked.target_kind, ranked.target
from (
  select owned_device.*,
         row_number() over (
           partition by owned_device.user_id order by owned_device.registered_at desc, owned_device.device_id) as place
  from owned_device
) ranked
where ranked.most is null or ranked.place <= ranked.most  -- mutant: device-count
