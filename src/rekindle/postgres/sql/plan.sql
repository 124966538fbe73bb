-- In: as claim.sql.
-- Out: every person who is due, in order of user, with the verdict that claim.sql would reach now
-- and the devices as [kind, target] pairs.
-- Locks: none.
-- Never: a write.
{verdicts}
select verdict.user_id, verdict.organisation_id, verdict.occurrence, verdict.other_occurrences, verdict.refusal,
       verdict.held_out_of, verdict.text_name,
       verdict.locale, verdict.zone, verdict.variables::text, (verdict.variant).number as variant,
       coalesce(target.devices, '[]') as devices
from verdict
-- FULL JOIN only to rule out a nested loop. It acts as a left join: every owner of a device has a
-- verdict.
full join (
  select device.user_id,
         jsonb_agg(jsonb_build_array(device.target_kind, device.target) order by device.device_id) as devices
  from device group by device.user_id
) target on target.user_id = verdict.user_id
order by verdict.user_id
