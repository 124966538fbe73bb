-- In: as claim.sql. Out: everyone who is due, in order of user, with the verdict that claim.sql would reach now and
-- the devices as [kind, target] pairs. Locks: none. Never: a write.
{verdicts}
select v.user_id, v.organisation_id, v.occurrence, v.refusal, v.locale, v.variables, (v.variant).number as variant,
       coalesce(d.devices, '[]') as devices
from verdict v
full join (
  select user_id, jsonb_agg(jsonb_build_array(target_kind, target) order by device_id) as devices
  from device group by user_id
) d on d.user_id = v.user_id
order by v.user_id
