-- A part of arm.sql: the units whose certificate is gone, expires on another day, or was renewed by
-- a new row since the claim. The occurrence names the certificate (candidates.sql). The people's
-- certificates are read once, because the view may have no index by person.
select unit.claim_id, unit.device_id, 'no_longer_due' as reason
from unit
where unit.kind = 'expiry'
  and not exists (
    select
    from (
      select own.user_id, own.certification_id, own.expires_on,
             own.name is not null and own.expires_on < max(own.expires_on) over (
               partition by own.user_id, rekindle.same_name(own.name::text)) as renewed
      from rekindle_source.certification own
      where own.user_id = any (%(user_ids)s::uuid[])
    ) c
    where c.user_id = unit.user_id and not c.renewed
      and starts_with(unit.occurrence, 'expiry:' || c.certification_id || ':')
      and to_jsonb(c.expires_on) = unit.variables -> 'expires_on'
  )
