-- In: as plan.sql, for one person; to_token, whether the push goes to a token that was given.
-- {candidates} is that of the scenario's kind, or `anybody`; {refusal} is `refusal_of_a_test`.
-- Out: the person, if {candidates} has them: why they get no test push, if so, what fills in the
-- text, and the device that they registered last.
-- Locks: none.
-- Never: a write.
{verdicts}
select verdict.organisation_id, verdict.occurrence, verdict.refusal, verdict.locale, verdict.zone,
       verdict.variables::text, (verdict.variant).number as variant, newest.device_id, newest.target_kind, newest.target
from verdict
left join lateral (
  select device.device_id, device.target_kind, device.target
  from owned_device device
  where device.user_id = verdict.user_id
  order by device.registered_at desc, device.device_id
  limit 1
) newest on true
