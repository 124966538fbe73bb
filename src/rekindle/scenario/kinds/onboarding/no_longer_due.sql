-- A part of arm.sql: the units whose person has been active since the claim. Each person is looked
-- up by index.
select unit.claim_id, unit.device_id, 'active_again' as reason
from unit
cross join lateral (
  select
  from rekindle_source.activity a
  where unit.kind = 'onboarding' and a.user_id = unit.user_id
    and rekindle.happened(a.activity_date, unit.at, coalesce(unit.timezone, 'UTC'))
  limit 1
) active
